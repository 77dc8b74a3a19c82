// The acceptor's way to the vault (proto/vault.h): one channel for the acceptor's whole life, at a
// descriptor number that the sandbox knows. What is said while the vault is being replaced waits in
// the channel; the new one is told everything again (refill).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>

#include "ipc/channel.h"
#include "proto/vault.h"
#include "runtime/gate.h"
#include "runtime/pipe_pool.h"

namespace bulkhead::acceptor {

class VaultLink final : runtime::PipePool::Registry {
 public:
  // The sockets of a flow, to its client and its upstream; nothing if it is not to be held any
  // more.
  using FindFlow = std::function<std::optional<std::array<int, 2>>(std::uint64_t)>;

  VaultLink(std::uint32_t holder, platform::UniqueFd socket);
  ~VaultLink();
  VaultLink(const VaultLink&) = delete;
  VaultLink& operator=(const VaultLink&) = delete;

  // For handlers; before run().
  ipc::Channel& channel() { return channel_; }
  // Until the channel ends.
  runtime::Task<ipc::ChannelEnd> run() { return channel_.run(); }
  void close() { channel_.close("drained"); }

  std::uint32_t holder() const { return holder_; }

  // The pages' descriptors, which the link keeps.
  void hold_pages(int flows, int copies);
  void hold(std::uint64_t flow, std::array<int, 2> sockets);
  void release(std::uint64_t flow);
  // A pipe that was another holder's and is named in Adopt.
  void take_in(const runtime::Pipe& pipe);

  // Everything again, for a vault that is new. find: see above.
  runtime::Task<void> refill(std::vector<std::uint64_t> flows, FindFlow find);

  // True when the vault has done all that was said to it.
  runtime::Task<bool> sync(runtime::Deadline deadline);

  // No pipe is registered any more; those that are stay the vault's.
  void stop_registering();

 private:
  std::uint64_t made(int read_end, int write_end) override;
  void discarded(std::uint64_t id) override;
  bool send_pipe(std::uint64_t id, std::array<int, 2> ends);

  std::uint32_t holder_;
  ipc::Channel channel_;
  std::optional<std::array<int, 2>> pages_;
  std::map<std::uint64_t, std::array<int, 2>> pipes_;  // read end, write end
  std::uint32_t last_pipe_ = 0;
};

}  // namespace bulkhead::acceptor
