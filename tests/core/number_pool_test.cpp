// SPDX-License-Identifier: Apache-2.0
#include "core/instance/number_pool.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <sstream>

#include "core/base/error.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr {
namespace {

TEST(number_pool, numbers_are_reused_but_not_at_once) {
  const test::temp_directory dir;
  number_pool pool = number_pool::open(dir.fd(), "pool", 2, 10);
  const auto first = pool.take(7).value();
  pool.give_back(first, 8);  // not the owner
  pool.give_back(first, 7);
  EXPECT_NE(pool.take(7), first);
}

TEST(number_pool, when_it_is_full_that_is_said_and_one_given_back_is_found) {
  const test::temp_directory dir;
  number_pool pool = number_pool::open(dir.fd(), "pool", 2, 10);
  std::set<std::uint32_t> taken;
  for (int i = 0; i < 8; ++i) taken.insert(pool.take(1).value());
  EXPECT_EQ(taken.size(), 8u);
  EXPECT_EQ(*taken.begin(), 2u);
  EXPECT_EQ(*taken.rbegin(), 9u);
  EXPECT_FALSE(pool.take(1));
  pool.give_back(5, 1);
  EXPECT_EQ(pool.take(1), 5u);
}

TEST(number_pool, a_number_can_be_asked_for_and_a_part_be_given_out) {
  const test::temp_directory dir;
  number_pool pool = number_pool::open(dir.fd(), "pool", 2, 100);
  EXPECT_TRUE(pool.take_this(50, 1));
  EXPECT_FALSE(pool.take_this(50, 2));
  EXPECT_FALSE(pool.take_this(100, 2));
  EXPECT_TRUE(pool.take_this(1, 2)) << "below those that are given out";
  pool.give_out(48, 52);
  std::set<std::uint32_t> taken;
  for (int i = 0; i < 3; ++i) taken.insert(pool.take(3).value());
  EXPECT_EQ(taken, (std::set<std::uint32_t>{48, 49, 51}));
  EXPECT_FALSE(pool.take(3));
  EXPECT_EQ(pool.sweep({2}), 1u) << "a sweep sees those below, too";
}

TEST(number_pool, a_sweep_frees_what_the_dead_hold) {
  const test::temp_directory dir;
  number_pool pool = number_pool::open(dir.fd(), "pool", 2, 100);
  for (std::uint64_t owner = 1; owner <= 20; ++owner) pool.take(owner);
  EXPECT_TRUE(pool.has_stale({3, 4}));
  EXPECT_EQ(pool.sweep({3, 4}), 2u);
  EXPECT_FALSE(pool.has_stale({3, 4}));
  EXPECT_EQ(pool.sweep({}), 0u);
}

TEST(number_pool, processes_share_it_without_ever_sharing_a_number) {
  const test::temp_directory dir;
  constexpr int processes = 4, each = 200;
  for (int p = 0; p < processes; ++p) {
    if (::fork() == 0) {
      number_pool pool = number_pool::open(dir.fd(), "pool", 2, 5000);
      std::string mine;
      for (int i = 0; i < each; ++i) {
        const auto n = pool.take(static_cast<std::uint64_t>(p) + 1).value();
        if (i % 3 == 0) {
          pool.give_back(n, static_cast<std::uint64_t>(p) + 1);
        } else {
          mine += std::to_string(n) + " ";
        }
      }
      file::replace_at(dir.fd(), "taken" + std::to_string(p), mine);
      ::_exit(0);
    }
  }
  while (::wait(nullptr) > 0) {
  }
  std::multiset<std::string> all;
  for (int p = 0; p < processes; ++p) {
    std::istringstream words(file::read_at(dir.fd(), "taken" + std::to_string(p)).value());
    for (std::string w; words >> w;) all.insert(w);
  }
  EXPECT_EQ(all.size(), static_cast<std::size_t>(processes * (each - (each + 2) / 3)));
  for (const std::string& n : all) EXPECT_EQ(all.count(n), 1u) << n;
}

}  // namespace
}  // namespace lxr
