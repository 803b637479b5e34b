// SPDX-License-Identifier: Apache-2.0
#include "core/async/channel.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using test::settle;
using test::spawned;

task<void> produce(bounded_channel<int>& to, int count, int& pushed) {
  for (int i = 0; i < count; ++i) {
    if (!co_await to.push(i)) co_return;
    ++pushed;
  }
  to.close();
}

task<void> consume(bounded_channel<int>& from, std::vector<int>& got) {
  while (auto value = co_await from.pop()) got.push_back(*value);
}

TEST(bounded_channel, hands_on_everything_in_order) {
  asio::io_context loop;
  bounded_channel<int> channel(2);
  int pushed = 0;
  std::vector<int> got;
  spawned producer(loop, produce(channel, 5, pushed)), consumer(loop, consume(channel, got));
  settle(loop);
  EXPECT_TRUE(producer.succeeded());
  EXPECT_TRUE(consumer.succeeded());
  EXPECT_EQ(got, (std::vector{0, 1, 2, 3, 4}));
}

TEST(bounded_channel, producer_waits_while_it_is_full) {
  asio::io_context loop;
  bounded_channel<int> channel(2);
  int pushed = 0;
  spawned producer(loop, produce(channel, 5, pushed));
  settle(loop);
  EXPECT_EQ(pushed, 2);
  producer.cancel();
  settle(loop);
  EXPECT_TRUE(producer.was_cancelled());
}

TEST(bounded_channel, closing_stops_the_producer_and_keeps_what_is_inside) {
  asio::io_context loop;
  bounded_channel<int> channel(2);
  int pushed = 0;
  spawned producer(loop, produce(channel, 5, pushed));
  settle(loop);
  channel.close();
  std::vector<int> got;
  spawned consumer(loop, consume(channel, got));
  settle(loop);
  EXPECT_TRUE(producer.succeeded());
  EXPECT_EQ(got, (std::vector{0, 1}));
}

TEST(bounded_channel, a_cancelled_consumer_loses_nothing) {
  asio::io_context loop;
  bounded_channel<int> channel(2);
  std::vector<int> got;
  spawned consumer(loop, consume(channel, got));
  settle(loop);
  consumer.cancel();
  settle(loop);
  EXPECT_TRUE(consumer.was_cancelled());
  int pushed = 0;
  std::vector<int> later;
  spawned producer(loop, produce(channel, 3, pushed)), second(loop, consume(channel, later));
  settle(loop);
  EXPECT_EQ(later, (std::vector{0, 1, 2}));
}

TEST(bounded_channel, cancelled_before_the_start_nothing_moves) {
  asio::io_context loop;
  bounded_channel<int> channel(2);
  std::vector<int> got;
  spawned consumer(loop, consume(channel, got));
  consumer.cancel();
  settle(loop);
  EXPECT_TRUE(consumer.was_cancelled());
}

TEST(bounded_channel, destroyed_with_values_inside) {
  auto channel = std::make_unique<bounded_channel<std::unique_ptr<int>>>(3);
  asio::io_context loop;
  spawned producer(loop, [](bounded_channel<std::unique_ptr<int>>& to) -> task<void> {
    auto value = std::make_unique<int>(1);
    co_await to.push(std::move(value));
  }(*channel));
  settle(loop);
  EXPECT_EQ(channel->size(), 1u);
  channel.reset();
}

}  // namespace
}  // namespace lxr
