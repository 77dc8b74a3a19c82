#include "proxyctl/table.h"
#include "proxyctl/units.h"
#include "proxyctl/views.h"

namespace bulkhead::proxyctl {
void show_bans(const Session& session, const std::vector<proto::BanRow>& bans) {
  if (session.json) {
    JsonWriter json(session.out);
    json.begin_array();
    for (const auto& row : bans) {
      json.begin_object();
      json.member("address", row.client.address.to_string());
      json.member("reason", row.reason.value);
      json.member("since", utc_time(row.since_ms));
      json.member("left_ms", row.left_ms);
      json.end_object();
    }
    json.end_array();
    return;
  }
  Table table({{"ADDRESS"}, {"REASON"}, {"SINCE"}, {"LEFT", Align::right}});
  for (const auto& row : bans) {
    table.add({row.client.address.to_string() + (row.client.address.is_v6() ? "/64" : ""),
               row.reason.value, utc_time(row.since_ms), short_duration(row.left_ms)});
  }
  table.print(session.out, session.terminal);
}

}  // namespace bulkhead::proxyctl
