// What all acceptors know of the backends together (ipc/page/backend_page.h, health_page.h), as
// this one reads and writes it.
//
// Until the supervisor has given the pages it goes by what this process knows alone. A backend
// without a slot (there are more than slots) has no limit, no circuit and no health.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "config/routes.h"
#include "ipc/page/backend_page.h"
#include "ipc/page/health_page.h"
#include "platform/shared_memory.h"
#include "runtime/loop.h"

namespace bulkhead::acceptor {

class SharedBackends;

// A connection of a backend, counted for as long as it lives. Move-only; must not outlive the
// SharedBackends.
class Place {
 public:
  Place() = default;  // of nothing
  Place(Place&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        slot_(other.slot_),
        limited_(other.limited_) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(slot_, other.slot_);
    std::swap(limited_, other.limited_);
    return *this;
  }
  ~Place();

  bool is_of(std::uint32_t slot) const { return owner_ != nullptr && slot_ == slot; }
  // Somebody waits for a place of this backend, which is full: an idle connection should go.
  bool is_wanted() const;
  // The backend has a limit, so that somebody may come to wait.
  bool is_limited() const { return owner_ != nullptr && limited_; }

 private:
  friend class SharedBackends;
  Place(SharedBackends& owner, std::uint32_t slot, bool limited)
      : owner_(&owner), slot_(slot), limited_(limited) {}

  SharedBackends* owner_ = nullptr;
  std::uint32_t slot_ = config::no_slot;
  bool limited_ = false;
};

class SharedBackends {
 public:
  SharedBackends();
  SharedBackends(const SharedBackends&) = delete;
  SharedBackends& operator=(const SharedBackends&) = delete;

  // The supervisor's pages; descriptors may be closed afterwards. Before anything is counted.
  tl::expected<void, platform::Error> open_backends(int descriptor, std::uint32_t column);
  tl::expected<void, platform::Error> open_health(int descriptor);

  // A place below the limit (0: unlimited), or nothing. Never are more than `limit` taken, over all
  // acceptors.
  std::optional<Place> take(std::uint32_t slot, std::uint32_t limit);
  // A place for a connection that is there already.
  Place claim(std::uint32_t slot) { return *take(slot, 0); }

  ipc::BackendUse use_of(std::uint32_t slot) const;
  // By the supervisor's list; no slot for one that is not in it.
  std::uint32_t slot_of(std::string_view backend) const { return ipc::slot_of(*page_, backend); }

  // Counts a request that waits for a place, until the guard's end.
  class Waiting {
   public:
    Waiting(SharedBackends& owner, std::uint32_t slot);
    ~Waiting();
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

   private:
    SharedBackends& owner_;
    std::uint32_t slot_;
  };

  // Called when a place has been given back by this process.
  void set_released_handler(std::function<void()> handler) { released_ = std::move(handler); }

  ipc::HealthState health(std::uint32_t slot) const;
  std::uint64_t healthy_at_ms(std::uint32_t slot) const;
  // Null without a slot.
  ipc::BackendShared* shared(std::uint32_t slot) {
    return has_slot(slot) ? &page_->shared[slot] : nullptr;
  }
  ipc::StickyTable& sticky() { return page_->sticky; }
  std::uint64_t seed() const { return page_->seed.load(std::memory_order_relaxed); }

 private:
  friend class Place;

  static constexpr bool has_slot(std::uint32_t slot) { return slot < ipc::max_backend_slots; }
  ipc::BackendCell& cell(std::uint32_t slot) { return page_->cells[column_][slot]; }
  void give_back(std::uint32_t slot);

  std::unique_ptr<ipc::BackendPage> own_;  // as long as there is no other
  platform::SharedMapping backends_, health_;
  ipc::BackendPage* page_;
  std::uint32_t column_ = 0;
  std::function<void()> released_;
};

// Steady-clock milliseconds, as the pages have them.
inline std::uint64_t steady_ms(runtime::Deadline time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

}  // namespace bulkhead::acceptor
