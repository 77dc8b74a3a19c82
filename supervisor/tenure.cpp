#include "supervisor/tenure.h"

#include "ipc/page/flow_page.h"
#include "platform/message_socket.h"
#include "platform/shared_memory.h"
#include "runtime/copy_memory.h"

namespace bulkhead::supervisor {

tl::expected<Tenure::Made, platform::Error> Tenure::make(std::uint32_t holder,
                                                         std::uint32_t place) {
  auto pair = platform::message_socket_pair();
  if (!pair) return tl::unexpected(pair.error());
  const std::string name = "bulkhead-holder-" + std::to_string(holder);
  auto flows = platform::create_shared_memory(name + "-flows", sizeof(ipc::FlowPage));
  if (!flows) return tl::unexpected(flows.error());
  auto copies = platform::create_shared_memory(name + "-copies", runtime::CopyMemory::size);
  if (!copies) return tl::unexpected(copies.error());
  auto tenure = std::make_shared<Tenure>();
  tenure->holder = holder;
  tenure->place = place;
  tenure->vault_end = std::move(pair->second);
  tenure->flows = std::move(*flows);
  tenure->copies = std::move(*copies);
  return Made{std::move(tenure), std::move(pair->first)};
}

TenureState Tenure::state() const {
  return {holder, vault_end.get(), flows.get(), copies.get()};
}

std::shared_ptr<Tenure> Tenure::inherit(const TenureState& state, std::uint32_t place) {
  if (state.holder == 0) return nullptr;
  auto tenure = std::make_shared<Tenure>();
  tenure->holder = state.holder;
  tenure->place = place;
  tenure->vault_end.reset(state.vault_end);
  tenure->flows.reset(state.flows);
  tenure->copies.reset(state.copies);
  return tenure;
}

std::shared_ptr<Tenure> Tenure::of_elsewhere(std::uint32_t holder,
                                             std::vector<platform::UniqueFd> pages) {
  auto tenure = std::make_shared<Tenure>();
  tenure->holder = holder;
  tenure->place = nowhere;
  tenure->flows = std::move(pages[0]);
  tenure->copies = std::move(pages[1]);
  return tenure;
}

}  // namespace bulkhead::supervisor
