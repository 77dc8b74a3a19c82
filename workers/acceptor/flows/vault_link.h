// The acceptor's way to the vault (proto/vault.h): one channel for the acceptor's whole life, at a
// descriptor number that the sandbox knows. What is said while the vault is being replaced waits in
// the channel; the new one is told everything again (refill).
//
// A vault that does not read for long is not told more and more: the link falls behind, says
// nothing of single flows and pipes any more, and everything anew when the vault reads again. So
// what waits, descriptors included, is bounded.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>

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

  // Called once each time that the link falls behind; catch_up() is to follow.
  void on_behind(std::function<void()> handler) { fell_behind_ = std::move(handler); }
  // Waits until the vault has read what was said. False: nobody reads any more.
  runtime::Task<bool> catch_up();

  // Everything again, for a vault that is new or was not told. find: see above.
  runtime::Task<void> refill(std::vector<std::uint64_t> flows, FindFlow find);

  // When the vault has done all that was said to it: how many flows it holds for us.
  runtime::Task<std::optional<std::uint32_t>> sync(runtime::Deadline deadline);

  // No pipe is registered any more; those that are stay the vault's.
  void stop_registering();

 private:
  std::uint64_t made(int read_end, int write_end) override;
  void discarded(std::uint64_t id) override;
  bool send_pipe(std::uint64_t id, std::array<int, 2> ends);
  bool may_say();

  std::uint32_t holder_;
  ipc::Channel channel_;
  std::optional<std::array<int, 2>> pages_;
  std::map<std::uint64_t, std::array<int, 2>> pipes_;  // read end, write end
  std::uint32_t last_pipe_ = 0;
  std::function<void()> fell_behind_;
  bool behind_ = false;
};

}  // namespace bulkhead::acceptor
