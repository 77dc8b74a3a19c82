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

}  // namespace bulkhead::supervisor
