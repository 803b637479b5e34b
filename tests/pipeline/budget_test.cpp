// SPDX-License-Identifier: Apache-2.0
// issue 11, 2.3
#include "pipeline/layer/budget.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "core/base/error.hpp"

namespace lxr::layer {
namespace {

void expect_exhausted(const std::function<void()>& step, const char* setting) {
  try {
    step();
    ADD_FAILURE() << "allowed";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::exhausted);
    EXPECT_NE(e.remedy().find(setting), std::string::npos) << e.what();
  }
}

TEST(pull_budget, bytes_and_time_grow_with_what_was_received) {
  pull_budget budget;
  budget.count_bytes(512u << 20);
  expect_exhausted([&] { budget.count_bytes(1 << 20); }, "LXR_LAYER_MAX_BYTES");
  budget.receive(1000);
  EXPECT_NO_THROW(budget.count_work(500'000));
  budget.count_time(30'000'000'000);
  expect_exhausted([&] { budget.count_time(1'000'000'000); }, "LXR_LAYER_MAX_BYTES");
  budget.receive(1 << 20);
  EXPECT_NO_THROW(budget.count_time(2'000'000'000));
}

TEST(pull_budget, what_the_user_allows_counts_alone) {
  pull_budget budget({.bytes = std::uint64_t{2} << 30, .members = 2, .grows = false});
  budget.count_bytes(std::uint64_t{2} << 30);
  budget.count_time(1'000'000'000'000);
  budget.count_member();
  budget.count_member();
  expect_exhausted([&] { budget.count_member(); }, "LXR_LAYER_MAX_FILES");
  expect_exhausted([&] { budget.count_bytes(1); }, "LXR_LAYER_MAX_BYTES");
}

// A large honest image may take more than a small hostile one.
TEST(pull_budget, memory_grows_with_what_was_received_unless_the_user_says_how_much) {
  for (const bool grows : {true, false}) {
    pull_budget budget({.memory = 1000, .memory_grows = grows});
    memory_share share(budget);
    EXPECT_FALSE(share.try_set(1001));
    budget.receive(4000);
    EXPECT_EQ(share.try_set(2000), grows);
    EXPECT_FALSE(share.try_set(2001));
  }
}

TEST(pull_budget, what_was_given_up_does_not_count) {
  pull_budget budget({.bytes = 100, .members = 1});
  budget.count_member();
  budget.count_bytes(100);
  budget.give_back_members(1);
  budget.give_back_bytes(100);
  EXPECT_NO_THROW(budget.count_member());
  EXPECT_NO_THROW(budget.count_bytes(100));
}

TEST(pull_budget, shares_of_memory_are_given_back) {
  pull_budget budget({.memory = 1000});
  memory_share one(budget);
  EXPECT_TRUE(one.try_set(600));
  {
    memory_share other(budget);
    EXPECT_FALSE(other.try_set(401));
    EXPECT_TRUE(other.try_set(400));
    expect_exhausted([&] { one.set(601, "it"); }, "LXR_PULL_MAX_MEMORY");
    EXPECT_TRUE(one.try_set(100));
    EXPECT_EQ(budget.memory(), 500u);
    memory_share moved(std::move(other));
    EXPECT_EQ(budget.memory(), 500u);
  }
  EXPECT_EQ(budget.memory(), 100u);
  EXPECT_FALSE(one.try_set(UINT64_MAX));
}

}  // namespace
}  // namespace lxr::layer
