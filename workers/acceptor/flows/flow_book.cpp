#include "workers/acceptor/flows/flow_book.h"

namespace bulkhead::acceptor {
namespace {

void clear(runtime::FlowPlace& place, std::uint64_t tag) {
  place.drop_block();
  place.give_back();
  place.moved = 0;
  place.tag = tag;
}

}  // namespace

std::string FlowBook::attach(platform::UniqueFd memory, std::uint32_t holder) {
  if (attached()) return "a second flow page";
  auto mapping = platform::SharedMapping::map(memory.get(), sizeof(ipc::FlowPage),
                                              platform::SharedMapping::Access::read_write);
  if (!mapping) return "the flow page: " + mapping.error().to_string();
  memory_ = std::move(memory);
  mapping_ = std::move(*mapping);
  page_ = &mapping_.as<ipc::FlowPage>();
  page_->version = ipc::flow_page_version;
  page_->holder = holder;
  return {};
}

ipc::FlowRecord* FlowBook::claim() {
  if (!attached() || closed_) return nullptr;
  std::uint32_t index = 0;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else if (used_ < ipc::flow_records) {
    index = used_++;
    page_->used.store(used_, std::memory_order_release);
  } else {
    return nullptr;
  }
  ipc::FlowRecord& record = page_->records[index];
  clear(record.up, ++last_tag_);
  clear(record.down, ++last_tag_);
  return &record;
}

void FlowBook::free(ipc::FlowRecord& record) {
  if (closed_) return;
  record.state.store(ipc::FlowRecord::free, std::memory_order_release);
  free_.push_back(static_cast<std::uint32_t>(&record - page_->records.data()));
}

}  // namespace bulkhead::acceptor
