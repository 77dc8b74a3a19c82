#include "workers/acceptor/observe/counters.h"

namespace bulkhead::acceptor {
namespace {

constexpr int lost_client_status = 499;

template <typename Enum>
std::size_t index(Enum value) {
  return static_cast<std::size_t>(value);
}

}  // namespace

std::string Counters::attach(int descriptor) {
  if (attached()) return "a second page of counters";
  auto mapping = platform::SharedMapping::map(descriptor, sizeof(ipc::CountersPage),
                                              platform::SharedMapping::Access::read_write);
  if (!mapping) return "the page of counters: " + mapping.error().to_string();
  mapping_ = std::move(*mapping);
  page_ = &mapping_.as<ipc::CountersPage>();
  return {};
}

ipc::BackendCounters& Counters::backend(std::string_view name) {
  const auto found = backends_.find(name);
  if (found != backends_.end()) return *found->second;
  ipc::BackendCounters& slot = page_->backend(name);
  backends_.emplace(name, &slot);
  return slot;
}

void Counters::count(const AccessRecord& record, std::chrono::steady_clock::time_point now) {
  ipc::ProtocolCounters& traffic = protocol(ipc::protocol_named(record.protocol));
  ipc::BackendCounters* const way = record.backend.empty() ? nullptr : &backend(record.backend);
  const std::size_t method = index(ipc::method_named(record.method));
  const std::uint64_t up = record.bytes_received - record.counted_received;
  const std::uint64_t down = record.bytes_sent - record.counted_sent;
  page_->requests[method].add(1);
  traffic.requests.add(1);
  traffic.bytes.up.add(up);
  traffic.bytes.down.add(down);
  if (way != nullptr) {
    way->requests[method].add(1);
    way->bytes.up.add(up);
    way->bytes.down.add(down);
  }
  if (record.refusal) count_refusal(*record.refusal, way);
  if (record.status == lost_client_status) page_->lost.add(1);
  count_times(record, way, now);
}

void Counters::count_refusal(proto::Refusal reason, ipc::BackendCounters* backend) {
  page_->refused[index(reason)].add(1);
  if (backend != nullptr) backend->refused[index(reason)].add(1);
}

void Counters::count_times(const AccessRecord& record, ipc::BackendCounters* backend,
                           std::chrono::steady_clock::time_point now) {
  if (record.connect_time.count() > 0) {
    page_->connect.record(record.connect_time);
    if (backend != nullptr) backend->connect.record(record.connect_time);
  }
  // How long a tunnel lived says nothing about anybody's speed.
  if (record.first_byte.count() == 0) return;
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(now - record.began);
  page_->first_byte.record(record.first_byte);
  page_->request.record(whole);
  if (backend != nullptr) backend->request.record(whole);
}

void Counters::count_turned_away(proto::Refusal reason) {
  page_->turned_away.add(1);
  count_refusal(reason, nullptr);
}

}  // namespace bulkhead::acceptor
