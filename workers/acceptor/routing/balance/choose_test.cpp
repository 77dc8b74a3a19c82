#include "workers/acceptor/routing/balance/choose.h"

#include <gtest/gtest.h>
#include <map>
#include <string>

namespace bulkhead::acceptor {
namespace {

using config::Algorithm;

class ChooseTest : public ::testing::Test {
 protected:
  void add(std::uint32_t weight, std::uint32_t in_use = 0, std::uint32_t latency_us = 0) {
    const std::string name = "backend-" + std::to_string(candidates_.size());
    candidates_.push_back({hash_of(name), weight, true, in_use, latency_us});
  }

  std::size_t pick(Algorithm algorithm, std::uint64_t client = 0) {
    const auto chosen = choose(algorithm, candidates_, {turns_, chance_, client});
    return chosen ? *chosen : SIZE_MAX;
  }

  std::string sequence(Algorithm algorithm, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += static_cast<char>('a' + pick(algorithm));
    return out;
  }

  // The share of each, in a hundred.
  std::map<std::size_t, double> shares(Algorithm algorithm, int count = 20'000) {
    std::map<std::size_t, double> out;
    for (int i = 0; i < count; ++i) {
      out[pick(algorithm, mix(static_cast<std::uint64_t>(i)))] += 100.0 / count;
    }
    return out;
  }

  std::vector<Candidate> candidates_;
  RoundRobin turns_;
  Chance chance_{1};
};

constexpr Algorithm all[] = {Algorithm::round_robin, Algorithm::least_conn, Algorithm::random,
                             Algorithm::ip_hash,     Algorithm::weighted,   Algorithm::latency,
                             Algorithm::failover};

TEST_F(ChooseTest, NobodyUsableIsNobody) {
  add(1);
  add(0);
  for (Candidate& each : candidates_) each.usable = false;
  for (const Algorithm algorithm : all) EXPECT_EQ(pick(algorithm), SIZE_MAX);
  candidates_.clear();
  for (const Algorithm algorithm : all) EXPECT_EQ(pick(algorithm), SIZE_MAX);
}

TEST_F(ChooseTest, OnlyUsableOnesAreTakenAndBackupsOnlyAlone) {
  add(1);
  add(7);
  add(0);
  add(0);
  candidates_[0].usable = false;
  for (const Algorithm algorithm : all) {
    EXPECT_EQ(sequence(algorithm, 20), std::string(20, 'b'));
  }
  candidates_[1].usable = false;
  for (const Algorithm algorithm : all) {
    const std::string taken = sequence(algorithm, 20);
    EXPECT_EQ(taken.find_first_not_of("cd"), std::string::npos) << taken;
  }
}

TEST_F(ChooseTest, RoundRobinIsSmooth) {
  add(5);
  add(1);
  add(1);
  EXPECT_EQ(sequence(Algorithm::round_robin, 14), "aabacaaaabacaa");
}

TEST_F(ChooseTest, RoundRobinOfEqualsTakesTurns) {
  for (int i = 0; i < 3; ++i) add(1);
  EXPECT_EQ(sequence(Algorithm::round_robin, 6), "abcabc");
}

TEST_F(ChooseTest, RoundRobinDoesNotCatchUp) {
  add(1);
  add(1);
  candidates_[0].usable = false;
  EXPECT_EQ(sequence(Algorithm::round_robin, 50), std::string(50, 'b'));
  candidates_[0].usable = true;
  const std::string after = sequence(Algorithm::round_robin, 6);
  EXPECT_TRUE(after == "ababab" || after == "bababa") << after;
}

TEST_F(ChooseTest, LeastConnectionsByWeightAndTurnsAmongEquals) {
  add(1, 10);
  add(2, 20);
  add(1, 9);
  EXPECT_EQ(sequence(Algorithm::least_conn, 3), "ccc");
  candidates_[2].in_use = 100;
  EXPECT_EQ(sequence(Algorithm::least_conn, 3), "bbb") << "21 / 2 is less than 11";
  for (Candidate& each : candidates_) each = {each.identity, 1, true, 4, 0};
  EXPECT_EQ(sequence(Algorithm::least_conn, 6), "abcabc");
}

TEST_F(ChooseTest, TwoChoicesNeverTakeTheMostLoaded) {
  add(1, 0);
  add(1, 1);
  add(1, 2);
  const auto share = shares(Algorithm::random);
  EXPECT_NEAR(share.at(0), 66.7, 1.5);
  EXPECT_NEAR(share.at(1), 33.3, 1.5);
  EXPECT_FALSE(share.contains(2));
}

TEST_F(ChooseTest, TwoChoicesAreDrawnByWeight) {
  add(3, 2);
  add(1, 0);
  EXPECT_NEAR(shares(Algorithm::random).at(0), 75, 1.5) << "3 / 3 ties with 1 / 1: the first";
}

TEST_F(ChooseTest, WeightedDrawsByWeight) {
  add(70);
  add(20);
  add(10);
  const auto share = shares(Algorithm::weighted);
  EXPECT_NEAR(share.at(0), 70, 1.5);
  EXPECT_NEAR(share.at(1), 20, 1.5);
  EXPECT_NEAR(share.at(2), 10, 1.5);
}

TEST_F(ChooseTest, IpHashKeepsAClientAndSpreadsThemByWeight) {
  add(2);
  add(1);
  add(1);
  for (std::uint64_t client = 0; client < 100; ++client) {
    EXPECT_EQ(pick(Algorithm::ip_hash, client), pick(Algorithm::ip_hash, client));
  }
  const auto share = shares(Algorithm::ip_hash);
  EXPECT_NEAR(share.at(0), 50, 1.5);
  EXPECT_NEAR(share.at(1), 25, 1.5);
}

TEST_F(ChooseTest, IpHashMovesOnlyTheClientsOfABackendThatLeaves) {
  for (int i = 0; i < 5; ++i) add(1);
  std::vector<std::size_t> before;
  for (std::uint64_t client = 0; client < 5'000; ++client) {
    before.push_back(pick(Algorithm::ip_hash, client));
  }
  candidates_[2].usable = false;
  std::map<std::size_t, int> moved_to;
  for (std::uint64_t client = 0; client < 5'000; ++client) {
    const std::size_t now = pick(Algorithm::ip_hash, client);
    if (before[client] != 2) {
      ASSERT_EQ(now, before[client]) << client;
    } else {
      ++moved_to[now];
    }
  }
  EXPECT_EQ(moved_to.size(), 4u) << "they spread over all others";
  for (const auto& [backend, clients] : moved_to) EXPECT_NEAR(clients, 250, 75);
  // A new one takes an equal part from each, and nothing moves between the old ones.
  candidates_[2].usable = true;
  add(1);
  int moved = 0;
  for (std::uint64_t client = 0; client < 5'000; ++client) {
    const std::size_t now = pick(Algorithm::ip_hash, client);
    if (now == before[client]) continue;
    ASSERT_EQ(now, 5u);
    ++moved;
  }
  EXPECT_NEAR(moved, 5'000 / 6, 120);
}

TEST_F(ChooseTest, IpHashDoesNotDependOnTheOrder) {
  for (int i = 0; i < 4; ++i) add(1);
  std::map<std::uint64_t, std::uint64_t> before;
  for (std::uint64_t client = 0; client < 500; ++client) {
    before[client] = candidates_[pick(Algorithm::ip_hash, client)].identity;
  }
  std::swap(candidates_[0], candidates_[3]);
  for (const auto& [client, identity] : before) {
    EXPECT_EQ(candidates_[pick(Algorithm::ip_hash, client)].identity, identity);
  }
}

TEST_F(ChooseTest, LatencyMeasuresEverybodyFirst) {
  add(1, 0, 1'000);
  add(1);
  add(1);
  EXPECT_EQ(sequence(Algorithm::latency, 4), "bcbc");
}

TEST_F(ChooseTest, LatencyPrefersTheFastestAndGlancesAtTheOthers) {
  add(1, 0, 50'000);
  add(1, 0, 10'000);
  add(1, 0, 10'500);
  const auto share = shares(Algorithm::latency);
  EXPECT_NEAR(share.at(0), 100.0 / 32 / 3, 0.5);
  EXPECT_NEAR(share.at(1), 49.5, 2);
  EXPECT_NEAR(share.at(2), 49.5, 2);
}

TEST_F(ChooseTest, FailoverKeepsTheOrder) {
  for (int i = 0; i < 3; ++i) add(1);
  EXPECT_EQ(sequence(Algorithm::failover, 3), "aaa");
  candidates_[0].usable = false;
  EXPECT_EQ(sequence(Algorithm::failover, 3), "bbb");
}

TEST(ClientHash, TakesTheFirst64BitsOfIpv6) {
  const auto hash = [](const char* text) { return hash_of(*wire::IpAddress::parse(text)); };
  EXPECT_EQ(hash("2001:db8:1:2::1"), hash("2001:db8:1:2:ffff::2"));
  EXPECT_NE(hash("2001:db8:1:2::1"), hash("2001:db8:1:3::1"));
  EXPECT_NE(hash("192.0.2.1"), hash("192.0.2.2"));
}

}  // namespace
}  // namespace bulkhead::acceptor
