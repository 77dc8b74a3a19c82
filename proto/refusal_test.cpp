// The table of refusals: what clients and logs may rely on.
#include "proto/refusal.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace bulkhead::proto {
namespace {

TEST(Refusal, NamesAreUniqueLowerCaseIdentifiers) {
  std::set<std::string_view> names;
  for (unsigned i = 0; i < static_cast<unsigned>(Refusal::end_); ++i) {
    const std::string_view name = to_string(static_cast<Refusal>(i));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(!name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    })) << name;
  }
}

TEST(Refusal, TellsClientsOnlyFailures) {
  for (unsigned i = 0; i < static_cast<unsigned>(Refusal::end_); ++i) {
    const RefusalTerms& terms = terms_of(static_cast<Refusal>(i));
    EXPECT_EQ(static_cast<unsigned>(terms.refusal), i);
    EXPECT_GE(terms.http_status, 400) << terms.name;
    EXPECT_LT(terms.http_status, 600) << terms.name;
    EXPECT_GE(terms.socks5_reply, 1) << terms.name;
    EXPECT_LE(terms.socks5_reply, 8) << terms.name;
    EXPECT_FALSE(terms.explanation.empty()) << terms.name;
  }
}

// RFC 9209 section 2.3.
TEST(Refusal, UsesRegisteredProxyStatusErrors) {
  const std::set<std::string_view> registered{"dns_timeout",
                                              "dns_error",
                                              "destination_not_found",
                                              "destination_unavailable",
                                              "destination_ip_prohibited",
                                              "destination_ip_unroutable",
                                              "connection_refused",
                                              "connection_terminated",
                                              "connection_timeout",
                                              "connection_read_timeout",
                                              "connection_write_timeout",
                                              "connection_limit_reached",
                                              "tls_protocol_error",
                                              "tls_certificate_error",
                                              "tls_alert_received",
                                              "http_request_error",
                                              "http_request_denied",
                                              "http_response_incomplete",
                                              "http_response_header_section_size",
                                              "http_response_timeout",
                                              "http_upgrade_failed",
                                              "http_protocol_error",
                                              "proxy_internal_response",
                                              "proxy_internal_error",
                                              "proxy_configuration_error",
                                              "proxy_loop_detected"};
  for (unsigned i = 0; i < static_cast<unsigned>(Refusal::end_); ++i) {
    const RefusalTerms& terms = terms_of(static_cast<Refusal>(i));
    EXPECT_TRUE(registered.contains(terms.proxy_status))
        << terms.name << ": " << terms.proxy_status;
  }
}

TEST(Refusal, BeyondTheTableIsAnInternalError) {
  EXPECT_EQ(to_string(Refusal::end_), "internal_error");
  EXPECT_EQ(terms_of(static_cast<Refusal>(255)).http_status, 500);
}

}  // namespace
}  // namespace bulkhead::proto
