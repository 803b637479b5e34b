// SPDX-License-Identifier: Apache-2.0
#include "core/async/block_pool.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using test::settle;
using test::spawned;

task<void> take(block_pool& pool, std::vector<byte_block>& into) { into.push_back(co_await pool.acquire()); }

struct block_pools : testing::Test {
  asio::io_context loop;
  block_pool pool{2, 4096};
  std::vector<byte_block> held;
};

TEST_F(block_pools, lend_whole_pages_of_their_memory_and_take_them_back) {
  spawned one(loop, take(pool, held));
  settle(loop);
  ASSERT_TRUE(one.succeeded());
  EXPECT_EQ(held[0].room().size(), 4096u);
  EXPECT_GE(held[0].room().data(), pool.memory().data());
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(held[0].room().data()) % byte_block::alignment, 0u);
  EXPECT_EQ(pool.available(), 1u);
  held.clear();
  EXPECT_EQ(pool.available(), 2u);
}

TEST_F(block_pools, give_who_cannot_wait_a_block_all_the_same) {
  for (int i = 0; i < 3; ++i) held.push_back(pool.acquire_now());
  EXPECT_EQ(pool.available(), 0u);
  EXPECT_EQ(held[2].room().size(), 4096u);
  held.clear();
  EXPECT_EQ(pool.available(), 2u);
}

TEST_F(block_pools, make_the_next_one_wait_until_a_block_is_back) {
  spawned one(loop, take(pool, held)), two(loop, take(pool, held)), three(loop, take(pool, held));
  settle(loop);
  EXPECT_FALSE(three.done());
  held.pop_back();
  settle(loop);
  EXPECT_TRUE(three.succeeded());
}

TEST_F(block_pools, lose_no_block_to_a_cancelled_waiter) {
  spawned one(loop, take(pool, held)), two(loop, take(pool, held)), three(loop, take(pool, held));
  settle(loop);
  three.cancel();
  settle(loop);
  EXPECT_TRUE(three.was_cancelled());
  held.clear();
  EXPECT_EQ(pool.available(), 2u);
}

}  // namespace
}  // namespace lxr
