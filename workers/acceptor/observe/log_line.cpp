#include "workers/acceptor/observe/log_line.h"

#include <algorithm>
#include <ctime>

#include "wire/http1/syntax.h"
#include "wire/json_text.h"

namespace bulkhead::acceptor {
namespace {

using config::LogField;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

std::tm utc(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm broken{};
  gmtime_r(&seconds, &broken);
  return broken;
}

std::string rfc3339(std::chrono::system_clock::time_point time) {
  const std::tm broken = utc(time);
  char text[40];
  const auto end = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &broken);
  const auto millis = duration_cast<milliseconds>(time.time_since_epoch()).count() % 1000;
  std::string digits = std::to_string(millis);
  return std::string(text, end) + std::string(3 - digits.size(), '0') + digits + "Z";
}

std::string apache_time(std::chrono::system_clock::time_point time) {
  const std::tm broken = utc(time);
  char text[40];
  const auto end = std::strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S +0000", &broken);
  return {text, end};
}

std::string milliseconds_text(microseconds duration) {
  const auto micros = duration.count();
  std::string fraction = std::to_string(micros % 1000);
  return std::to_string(micros / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction;
}

// Apache's own way: \" \\ and \xhh.
void append_apache(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet >= 0x7f) {
      out += "\\x";
      out += digits[octet >> 4];
      out += digits[octet & 15];
    } else {
      out += c;
    }
  }
}

void append_quoted_or_dash(std::string& out, std::string_view text) {
  out += " \"";
  append_apache(out, text.empty() ? "-" : text);
  out += '"';
}

// An unquoted field: a space in it would shift all that follow.
void append_word_or_dash(std::string& out, std::string_view text) {
  std::string escaped;
  append_apache(escaped, text.empty() ? "-" : text);
  std::replace(escaped.begin(), escaped.end(), ' ', '_');
  out += escaped;
}

std::string request_line(const AccessRecord& record) {
  std::string line = record.method;
  if (line.empty()) line = record.protocol;
  line += ' ';
  const bool plain = record.protocol == "http" && !record.destination.host.empty();
  if (plain) line += "http://";
  line += record.destination.host.empty() ? "-" : record.destination.to_string();
  if (plain) line += record.path;
  line += ' ';
  line += record.version.empty() ? record.protocol : record.version;
  return line;
}

std::string masked(const config::AccessLog& settings, std::string_view header,
                   const std::string& value) {
  return is_masked(settings, header) && !value.empty() ? "***" : value;
}

std::string apache_line(const config::AccessLog& settings, const AccessRecord& record,
                        bool combined) {
  std::string out = record.client.address.to_string() + " - ";
  append_word_or_dash(out, record.username);
  out += " [" + apache_time(record.started) + "] \"";
  append_apache(out, request_line(record));
  out += "\" " + std::to_string(record.status) + " ";
  out += record.bytes_sent == 0 ? "-" : std::to_string(record.bytes_sent);
  if (combined) {
    append_quoted_or_dash(out, masked(settings, "Referer", record.referer));
    append_quoted_or_dash(out, masked(settings, "User-Agent", record.user_agent));
  }
  return out + '\n';
}

class JsonLine {
 public:
  void text(std::string_view key, std::string_view value) {
    name(key);
    wire::append_json_string(out_, value);
  }
  void number(std::string_view key, std::string_view digits) {
    name(key);
    out_ += digits;
  }
  void number(std::string_view key, std::uint64_t value) { number(key, std::to_string(value)); }
  void headers(const config::AccessLog& settings, const AccessRecord& record) {
    name("headers");
    out_ += '{';
    for (std::size_t i = 0; i < record.headers.size(); ++i) {
      const auto& [header, value] = record.headers[i];
      if (i != 0) out_ += ',';
      wire::append_json_string(out_, header);
      out_ += ':';
      wire::append_json_string(out_, is_masked(settings, header) ? "***" : value);
    }
    out_ += '}';
  }
  std::string finish() { return std::move(out_) + "}\n"; }

 private:
  void name(std::string_view key) {
    out_ += out_.size() > 1 ? "," : "";
    wire::append_json_string(out_, key);
    out_ += ':';
  }
  std::string out_ = "{";
};

void add_refusal(JsonLine& line, const AccessRecord& record) {
  if (record.refusal) line.text("refusal", to_string(*record.refusal));
  if (!record.detail.empty()) line.text("detail", record.detail);
}

void add_field(JsonLine& line, LogField field, const config::AccessLog& settings,
               const AccessRecord& record, microseconds duration) {
  switch (field) {
    case LogField::timestamp:
      return line.text("timestamp", rfc3339(record.started));
    case LogField::id:
      return line.number("id", record.id);
    case LogField::client_ip:
      return line.text("client_ip", record.client.address.to_string());
    case LogField::client_port:
      return line.number("client_port", record.client.port);
    case LogField::listener:
      return line.text("listener", record.listener);
    case LogField::protocol:
      return line.text("protocol", record.protocol);
    case LogField::username:
      return line.text("username", record.username);
    case LogField::method:
      return line.text("method", record.method);
    case LogField::host:
      return line.text("host", record.destination.host);
    case LogField::port:
      return line.number("port", record.destination.port);
    case LogField::path:
      return line.text("path", record.path);
    case LogField::status:
      return line.number("status", static_cast<std::uint64_t>(record.status));
    case LogField::refusal:
      return add_refusal(line, record);
    case LogField::bytes_sent:
      return line.number("bytes_sent", record.bytes_sent);
    case LogField::bytes_received:
      return line.number("bytes_received", record.bytes_received);
    case LogField::duration:
      return line.number("duration_ms", milliseconds_text(duration));
    case LogField::connect_time:
      return line.number("connect_ms", milliseconds_text(record.connect_time));
    case LogField::rule:
      return line.text("rule", record.rule);
    case LogField::backend:
      return line.text("backend", record.backend);
    case LogField::upstream:
      return line.text("upstream", record.upstream ? record.upstream->to_string() : "");
    case LogField::destination:
      return line.text("destination",
                       record.destination.host.empty() ? "" : record.destination.to_string());
    case LogField::user_agent:
      return line.text("user_agent", masked(settings, "User-Agent", record.user_agent));
    case LogField::referer:
      return line.text("referer", masked(settings, "Referer", record.referer));
    case LogField::headers:
      return line.headers(settings, record);
    case LogField::worker:
      return line.number("worker", record.id >> 48);
  }
}

}  // namespace

bool is_masked(const config::AccessLog& settings, std::string_view header) {
  return std::any_of(settings.mask_headers.begin(), settings.mask_headers.end(),
                     [&](const std::string& masked_name) {
                       return wire::http1::equals_ignoring_case(masked_name, header);
                     });
}

std::string format_line(const config::AccessLog& settings, const AccessRecord& record,
                        std::chrono::steady_clock::time_point now) {
  if (settings.format != config::LogFormat::json) {
    return apache_line(settings, record, settings.format == config::LogFormat::apache_combined);
  }
  JsonLine line;
  const auto duration = duration_cast<microseconds>(now - record.began);
  for (const LogField field : settings.fields) add_field(line, field, settings, record, duration);
  return line.finish();
}

}  // namespace bulkhead::acceptor
