// Who goes on with whose flows, told by the messages that go out.
#include "supervisor/estates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "platform/message_socket.h"
#include "runtime/timer.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using runtime::Task;
using testing::ElementsAre;
using Leaving = Estates::Leaving;
using Pair = std::pair<std::uint32_t, std::uint32_t>;

// A worker's two ends: the supervisor's, and the worker's, which notes what it hears.
struct Worker {
  explicit Worker(proto::Party role) {
    auto sockets = platform::message_socket_pair();
    ours.emplace(std::move(sockets->first), proto::Party::supervisor, role);
    theirs.emplace(std::move(sockets->second), role, proto::Party::supervisor);
    theirs->on<proto::Inherit>([this](const proto::Inherit& message, ipc::Envelope& envelope) {
      EXPECT_EQ(envelope.descriptors.size(), 2U);
      inherits.push_back(message.from);
      alive = message.alive;
    });
    theirs->on<proto::Bequeath>([this](const proto::Bequeath& message, ipc::Envelope&) {
      bequests.emplace_back(message.from, message.to);
    });
  }
  std::optional<ipc::Channel> ours, theirs;
  std::vector<std::uint32_t> inherits;
  std::vector<Pair> bequests;
  bool alive = false;
};

class EstatesTest : public testing::Test {
 protected:
  void serve(std::uint32_t holder, std::uint32_t place) {
    workers_.try_emplace(holder, proto::Party::acceptor);
    heirs_.push_back({holder, place, "acceptor", &*workers_.at(holder).ours});
  }
  void die(std::uint32_t holder) {
    std::erase_if(heirs_, [holder](const auto& heir) { return heir.holder == holder; });
    estates_.heir_died(holder);
  }
  static std::shared_ptr<const Tenure> tenure(std::uint32_t holder, std::uint32_t place) {
    return std::move(Tenure::make(holder, place)->tenure);
  }
  Worker& worker(std::uint32_t holder) { return workers_.at(holder); }

  // Runs the scenario; then what was sent has been heard.
  void run(Task<void> scenario = nothing()) {
    runtime::spawn(listen(*vault_.theirs));
    for (auto& [holder, each] : workers_) runtime::spawn(listen(*each.theirs));
    runtime::spawn(conclude(*this, std::move(scenario)));
    loop_.run();
  }
  static Task<void> nothing() { co_return; }
  static Task<void> listen(ipc::Channel& channel) { co_await channel.run(); }
  static Task<void> conclude(EstatesTest& self, Task<void> scenario) {
    co_await std::move(scenario);
    co_await runtime::sleep_for(20ms);
    self.estates_.close();
    self.vault_.theirs->close("over");
    for (auto& [holder, each] : self.workers_) each.theirs->close("over");
    co_await runtime::sleep_for(1ms);
    self.loop_.stop();
  }

  runtime::Loop loop_;
  Worker vault_{proto::Party::vault};
  std::map<std::uint32_t, Worker> workers_;
  std::vector<Estates::Heir> heirs_;
  bool vault_is_there_ = true;
  Estates estates_{
      {[this] { return heirs_; }, [this] { return vault_is_there_ ? &*vault_.ours : nullptr; }}};
};

TEST_F(EstatesTest, AreKeptUpToABound) {
  for (std::uint32_t holder = 1; holder <= Estates::most_unsettled + 3; ++holder) {
    auto tenure = std::make_shared<Tenure>();
    tenure->holder = holder;
    estates_.leave(std::move(tenure), Leaving::let_go);
  }
  EXPECT_EQ(estates_.unsettled(), Estates::most_unsettled);
  EXPECT_EQ(estates_.given_up(), 3U);
}

TEST_F(EstatesTest, GoToTheSuccessorInTheSamePlace) {
  serve(2, 1);
  estates_.leave(tenure(1, 0), Leaving::died);
  EXPECT_EQ(estates_.unsettled(), 1U);
  serve(3, 0);
  estates_.settle();
  estates_.settle();
  proto::Inherited report;
  report.from = 1;
  report.adopted = 5;
  report.young = 2;
  estates_.inherited(3, report);
  EXPECT_EQ(estates_.unsettled(), 0U);
  EXPECT_EQ(estates_.totals().adopted, 5U);
  EXPECT_EQ(estates_.totals().young, 2U);
  run();
  EXPECT_THAT(worker(3).inherits, ElementsAre(1U));
  EXPECT_THAT(worker(2).inherits, ElementsAre());
  EXPECT_THAT(vault_.bequests, ElementsAre(Pair(1, 3)));
}

TEST_F(EstatesTest, GoToAnyOtherWhenThePlaceIsGivenUp) {
  serve(2, 1);
  estates_.leave(tenure(1, 0), Leaving::died);
  estates_.give_up_place(0);
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
}

TEST_F(EstatesTest, GoToAnyOtherAtOnceWhenNobodyWillCome) {
  serve(2, 1);
  estates_.leave(tenure(1, 0), Leaving::died_for_good);
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
  EXPECT_FALSE(worker(2).alive);
}

TEST_F(EstatesTest, AreSpread) {
  serve(2, 1);
  serve(3, 2);
  estates_.leave(tenure(1, 0), Leaving::died_for_good);
  estates_.leave(tenure(4, 5), Leaving::died_for_good);
  run();
  EXPECT_EQ(worker(2).inherits.size(), 1U);
  EXPECT_EQ(worker(3).inherits.size(), 1U);
}

Task<void> lose_patience() {
  co_await runtime::sleep_for(Estates::patience + 50ms);
}

TEST_F(EstatesTest, ASuccessorThatTakesLongIsNotWaitedFor) {
  serve(2, 1);
  estates_.leave(tenure(1, 0), Leaving::died);
  run(lose_patience());
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
}

TEST_F(EstatesTest, TheHeirIsToldWhetherTheOtherOneLives) {
  serve(2, 1);
  const auto left = tenure(1, 0);
  estates_.leave(left, Leaving::let_go);
  estates_.leave(left, Leaving::died);  // later on, while it drains: it has nothing more
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
  EXPECT_TRUE(worker(2).alive);
}

TEST_F(EstatesTest, GoToTheNextOneWhenTheHeirDies) {
  serve(2, 0);
  serve(3, 1);
  estates_.leave(tenure(1, 0), Leaving::died_for_good);
  die(2);
  estates_.leave(tenure(2, 0), Leaving::died_for_good);
  proto::Inherited late;
  late.from = 1;
  late.adopted = 9;
  estates_.inherited(2, late);
  EXPECT_EQ(estates_.totals().adopted, 0U) << "it counts for the one that goes on";
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
  EXPECT_THAT(worker(3).inherits, testing::UnorderedElementsAre(1U, 2U));
}

TEST_F(EstatesTest, WaitForAVault) {
  serve(2, 0);
  vault_is_there_ = false;
  estates_.leave(tenure(1, 0), Leaving::died);
  EXPECT_EQ(estates_.unsettled(), 1U);
  vault_is_there_ = true;
  estates_.vault_restarted();
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
}

// What the former vault has not sent is nowhere; the heir learns that nothing more will come.
TEST_F(EstatesTest, ANewVaultIsToldOfWhatIsOnItsWay) {
  serve(2, 0);
  estates_.leave(tenure(1, 0), Leaving::died);
  estates_.vault_restarted();
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre(1U));
  EXPECT_THAT(vault_.bequests, ElementsAre(Pair(1, 2), Pair(1, 2)));
}

TEST_F(EstatesTest, AReportOfNobodyIsIgnored) {
  serve(2, 0);
  proto::Inherited report;
  report.from = 77;
  report.adopted = 1;
  estates_.inherited(2, report);
  EXPECT_EQ(estates_.totals().adopted, 0U);
}

TEST_F(EstatesTest, TotalsDoNotOverflow) {
  serve(2, 0);
  for (const std::uint32_t holder : {10U, 11U}) {
    estates_.leave(tenure(holder, 0), Leaving::died);
    proto::Inherited report;
    report.from = holder;
    report.torn = UINT32_MAX - 1;
    estates_.inherited(2, report);
  }
  EXPECT_EQ(estates_.totals().torn, UINT32_MAX);
  run();
}

TEST_F(EstatesTest, TheVaultForgetsWhoCarriedNothing) {
  estates_.forget(*tenure(1, 0));
  run();
  EXPECT_THAT(vault_.bequests, ElementsAre(Pair(1, 0)));
}

TEST_F(EstatesTest, NobodyInheritsAtTheEnd) {
  estates_.leave(tenure(1, 0), Leaving::died);
  estates_.close();
  serve(2, 0);
  estates_.settle();
  estates_.leave(tenure(3, 0), Leaving::died);
  EXPECT_EQ(estates_.unsettled(), 0U);
  run();
  EXPECT_THAT(worker(2).inherits, ElementsAre());
}

}  // namespace
}  // namespace bulkhead::supervisor
