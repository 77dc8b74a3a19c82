#include "supervisor/counters_pages.h"

#include <array>

#include "proto/worker.h"

namespace bulkhead::supervisor {

using Access = platform::SharedMapping::Access;

std::string CountersPages::make(std::uint32_t column) {
  auto memory = platform::create_shared_memory("bulkhead-counters", sizeof(ipc::CountersPage));
  if (!memory) return memory.error().to_string();
  auto mapping =
      platform::SharedMapping::map(memory->get(), sizeof(ipc::CountersPage), Access::read_write);
  if (!mapping) return mapping.error().to_string();
  mapping->as<ipc::CountersPage>().layout = ipc::counters_layout;
  if (pages_.size() <= column) pages_.resize(column + 1);
  pages_[column] = Page{std::move(*memory), std::move(*mapping)};
  return {};
}

std::vector<std::int32_t> CountersPages::leave() const {
  std::vector<std::int32_t> numbers;
  numbers.reserve(pages_.size());
  for (const Page& page : pages_) numbers.push_back(page.memory.get());
  return numbers;
}

void CountersPages::inherit(std::vector<platform::UniqueFd> pages) {
  pages_.clear();
  for (platform::UniqueFd& memory : pages) {
    Page& page = pages_.emplace_back();
    if (!memory) continue;
    auto mapping =
        platform::SharedMapping::map(memory.get(), sizeof(ipc::CountersPage), Access::read_write);
    if (mapping) page = Page{std::move(memory), std::move(*mapping)};
  }
}

std::string CountersPages::hand_over(ipc::Channel& acceptor, std::uint32_t column) {
  if (column >= pages_.size() || !pages_[column].mapping) {
    if (std::string error = make(column); !error.empty()) return error;
  }
  const std::array descriptors{pages_[column].memory.get()};
  acceptor.send(proto::Page{proto::PageKind::counters, column}, descriptors);
  return {};
}

void CountersPages::forget_open(std::uint32_t column) {
  if (column < pages_.size() && pages_[column].mapping)
    pages_[column].mapping.as<ipc::CountersPage>().forget_open();
}

std::uint64_t CountersPages::open_in(std::uint32_t column) const {
  if (column >= pages_.size() || !pages_[column].mapping) return 0;
  return pages_[column].mapping.as<ipc::CountersPage>().active.get();
}

ipc::CountersSum CountersPages::sum(const config::Config& config) const {
  ipc::CountersSum sum;
  for (const config::Backend& backend : config.backends) sum.want(backend.name);
  for (const Page& page : pages_) {
    if (page.mapping) sum.add(page.mapping.as<ipc::CountersPage>());
  }
  return sum;
}

}  // namespace bulkhead::supervisor
