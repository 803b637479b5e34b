// SPDX-License-Identifier: Apache-2.0
#include "core/async/semaphore.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using test::settle;
using test::spawned;

task<void> hold(semaphore& s, waiter_list& gate, int& inside, int& most) {
  const auto permit = co_await s.acquire();
  most = std::max(most, ++inside);
  co_await gate.wait();
  --inside;
}

TEST(semaphore, never_lets_more_in_than_it_has_permits) {
  asio::io_context loop;
  semaphore s(2);
  waiter_list gate;
  int inside = 0, most = 0;
  std::list<spawned> all;
  for (int i = 0; i < 5; ++i) all.emplace_back(loop, hold(s, gate, inside, most));
  for (int round = 0; round < 5; ++round) {
    settle(loop);
    gate.notify_one();
  }
  settle(loop);
  EXPECT_EQ(most, 2);
  EXPECT_EQ(s.available(), 2u);
  for (const spawned& one : all) EXPECT_TRUE(one.succeeded());
}

TEST(semaphore, a_waiter_cancelled_in_the_middle_takes_no_permit) {
  asio::io_context loop;
  semaphore s(1);
  waiter_list gate;
  int inside = 0, most = 0;
  spawned holder(loop, hold(s, gate, inside, most)), waiter(loop, hold(s, gate, inside, most)),
      next(loop, hold(s, gate, inside, most));
  settle(loop);
  waiter.cancel();
  settle(loop);
  EXPECT_TRUE(waiter.was_cancelled());
  gate.notify_one();
  settle(loop);
  EXPECT_EQ(inside, 1);  // `next` got it
  gate.notify_one();
  settle(loop);
  EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, a_holder_that_fails_or_is_cancelled_gives_its_permit_back) {
  asio::io_context loop;
  semaphore s(1);
  waiter_list gate;
  int inside = 0, most = 0;
  spawned holder(loop, hold(s, gate, inside, most));
  settle(loop);
  EXPECT_EQ(s.available(), 0u);
  holder.cancel();
  settle(loop);
  EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, cancelled_before_the_start_it_stays_whole) {
  asio::io_context loop;
  semaphore s(0);
  waiter_list gate;
  int inside = 0, most = 0;
  spawned waiter(loop, hold(s, gate, inside, most));
  waiter.cancel();
  settle(loop);
  EXPECT_TRUE(waiter.was_cancelled());
  EXPECT_EQ(most, 0);
}

TEST(semaphore, halved_it_lets_fewer_in_also_where_permits_are_out) {
  asio::io_context loop;
  semaphore s(4);
  waiter_list gate;
  int inside = 0, most = 0;
  std::list<spawned> all;
  for (int i = 0; i < 6; ++i) all.emplace_back(loop, hold(s, gate, inside, most));
  settle(loop);
  EXPECT_EQ(inside, 4);
  s.halve();
  s.halve();
  s.halve();  // one stays
  EXPECT_EQ(s.total(), 1u);
  for (int i = 0; i < 3; ++i) {
    gate.notify_one();
    settle(loop);
  }
  EXPECT_EQ(inside, 1);
  for (int i = 0; i < 3; ++i) {
    gate.notify_one();
    settle(loop);
    EXPECT_LE(inside, 1);
  }
  for (const spawned& one : all) EXPECT_TRUE(one.succeeded());
  EXPECT_EQ(s.available(), 1u);
}

}  // namespace
}  // namespace lxr
