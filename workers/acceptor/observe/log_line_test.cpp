#include "workers/acceptor/observe/log_line.h"

#include <gtest/gtest.h>

#include "wire/json_text.h"

namespace bulkhead::acceptor {
namespace {

using config::LogField;

AccessRecord record() {
  AccessRecord record;
  record.started = std::chrono::system_clock::from_time_t(1'700'000'000);
  record.began = std::chrono::steady_clock::time_point(std::chrono::seconds(100));
  record.client = *wire::Endpoint::parse("192.0.2.7:5555");
  record.protocol = "http";
  record.method = "GET";
  record.destination = {"example.com", 80};
  record.path = "/a?b";
  record.version = "HTTP/1.1";
  record.status = 200;
  record.bytes_sent = 42;
  record.user_agent = "curl/8";
  return record;
}

std::string line(config::AccessLog settings, const AccessRecord& of) {
  return format_line(settings, of,
                     std::chrono::steady_clock::time_point(std::chrono::microseconds(100'012'345)));
}

TEST(LogLine, JsonHoldsTheChosenFieldsInOrder) {
  config::AccessLog settings;
  settings.fields = {LogField::timestamp, LogField::client_ip, LogField::status, LogField::duration,
                     LogField::host};
  EXPECT_EQ(
      line(settings, record()),
      "{\"timestamp\":\"2023-11-14T22:13:20.000Z\",\"client_ip\":\"192.0.2.7\",\"status\":200,"
      "\"duration_ms\":12.345,\"host\":\"example.com\"}\n");
}

TEST(LogLine, RefusalIsThereOnlyWhenThereWasOne) {
  config::AccessLog settings;
  settings.fields = {LogField::status, LogField::refusal};
  AccessRecord refused = record();
  EXPECT_EQ(line(settings, refused), "{\"status\":200}\n");
  refused.status = 403;
  refused.refusal = proto::Refusal::rule_blocked;
  EXPECT_EQ(line(settings, refused), "{\"status\":403,\"refusal\":\"rule_blocked\"}\n");
}

TEST(LogLine, ApacheForms) {
  config::AccessLog settings;
  settings.format = config::LogFormat::apache_common;
  const std::string common =
      "192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] \"GET http://example.com:80/a?b HTTP/1.1\" 200 "
      "42";
  EXPECT_EQ(line(settings, record()), common + "\n");
  settings.format = config::LogFormat::apache_combined;
  EXPECT_EQ(line(settings, record()), common + " \"-\" \"curl/8\"\n");
}

TEST(LogLine, NothingAClientSendsForgesALineOrAField) {
  AccessRecord evil = record();
  evil.user_agent = "x\" 200 1\n127.0.0.1 \x1b[2J";
  evil.username = "a b";
  config::AccessLog settings;
  settings.format = config::LogFormat::apache_combined;
  const std::string apache = line(settings, evil);
  EXPECT_EQ(std::count(apache.begin(), apache.end(), '\n'), 1);
  EXPECT_NE(apache.find("\"x\\\" 200 1\\x0a127.0.0.1 \\x1b[2J\""), std::string::npos) << apache;
  EXPECT_NE(apache.find(" - a_b ["), std::string::npos);
  settings.format = config::LogFormat::json;
  settings.fields = {LogField::user_agent};
  EXPECT_EQ(line(settings, evil), "{\"user_agent\":\"x\\\" 200 1\\u000a127.0.0.1 \\u001b[2J\"}\n");
}

TEST(LogLine, MaskedHeadersKeepTheirNameOnly) {
  config::AccessLog settings;
  settings.fields = {LogField::headers};
  settings.mask_headers = {"Authorization"};
  AccessRecord with = record();
  with.headers = {{"authorization", "Bearer secret"}, {"Accept", "*/*"}};
  EXPECT_EQ(line(settings, with), "{\"headers\":{\"authorization\":\"***\",\"Accept\":\"*/*\"}}\n");
}

TEST(JsonText, HasNoLineEndOfAnyKind) {
  std::string out;
  wire::append_json_string(out,
                           "a\xc2\x85"
                           "b\xe2\x80\xa8"
                           "c\xe2\x80\xa9"
                           "d\xc2\xa9");
  EXPECT_EQ(out, "\"a\\u0085b\\u2028c\\u2029d\xc2\xa9\"");
}

TEST(JsonText, IsAlwaysValidUtf8) {
  std::string out;
  wire::append_json_string(out, "a\xff\xc3(\xed\xa0\x80\xf0\x9f\x98\x80");
  EXPECT_EQ(out,
            "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\x98\x80\"");
}

}  // namespace
}  // namespace bulkhead::acceptor
