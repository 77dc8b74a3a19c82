#include "supervisor/limits_memory.h"

#include <array>
#include <random>

#include "proto/worker.h"
#include "supervisor/needed_memory.h"

namespace bulkhead::supervisor {
namespace {

std::uint64_t random_word() {
  std::random_device chance;
  return std::uint64_t{chance()} << 32 | chance();
}

}  // namespace

LimitsMemory::LimitsMemory()
    : memory_(need(platform::create_shared_memory("bulkhead-limits", sizeof(ipc::LimitsPage)))),
      mapping_(need(platform::SharedMapping::map(memory_.get(), sizeof(ipc::LimitsPage),
                                                 platform::SharedMapping::Access::read_write))) {
  page().layout = ipc::limits_layout;
  page().secret_1 = random_word();
  page().secret_2 = random_word();
}

bool LimitsMemory::inherit(platform::UniqueFd memory) {
  auto mapping = platform::SharedMapping::map(memory.get(), sizeof(ipc::LimitsPage),
                                              platform::SharedMapping::Access::read_write);
  if (!mapping) return false;
  memory_ = std::move(memory);
  mapping_ = std::move(*mapping);
  return true;
}

void LimitsMemory::hand_over(ipc::Channel& acceptor, std::uint32_t column) const {
  const std::array descriptors{memory_.get()};
  acceptor.send(proto::Page{proto::PageKind::limits, column}, descriptors);
}

}  // namespace bulkhead::supervisor
