// SPDX-License-Identifier: Apache-2.0
#include "core/async/keyed_once.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using test::settle;
using test::spawned;

struct fixture {
  keyed_once<std::string, int> once;
  waiter_list gate;
  int runs = 0;
};

task<int> slow(fixture& f) {
  const int run = ++f.runs;
  co_await f.gate.wait();
  co_return run;
}

task<int> failing(fixture& f) {
  ++f.runs;
  co_await f.gate.wait();
  throw error(errc::corrupt, "do", "it");
}

task<void> ask(fixture& f, std::string key, int& got) {
  auto asking = f.once.run(std::move(key), [&f] { return slow(f); });
  got = co_await std::move(asking);
}

task<void> ask_failing(fixture& f) {
  auto asking = f.once.run("k", [&f] { return failing(f); });
  co_await std::move(asking);
}

TEST(keyed_once, runs_once_for_all_who_ask_at_the_same_time) {
  asio::io_context loop;
  fixture f;
  int a = 0, b = 0, other = 0;
  spawned one(loop, ask(f, "k", a)), two(loop, ask(f, "k", b)), three(loop, ask(f, "other", other));
  settle(loop);
  EXPECT_EQ(f.runs, 2);
  f.gate.notify_all();
  settle(loop);
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, 1);
  EXPECT_EQ(other, 2);
}

TEST(keyed_once, a_failure_reaches_all_and_is_forgotten) {
  asio::io_context loop;
  fixture f;
  spawned one(loop, ask_failing(f)), two(loop, ask_failing(f));
  settle(loop);
  f.gate.notify_all();
  settle(loop);
  EXPECT_THROW(one.rethrow(), error);
  EXPECT_THROW(two.rethrow(), error);
  EXPECT_EQ(f.runs, 1);
  int got = 0;
  spawned again(loop, ask(f, "k", got));
  settle(loop);
  f.gate.notify_all();
  settle(loop);
  EXPECT_EQ(got, 2);
}

TEST(keyed_once, when_the_one_working_is_cancelled_another_takes_over) {
  asio::io_context loop;
  fixture f;
  int a = 0, b = 0;
  spawned leader(loop, ask(f, "k", a)), follower(loop, ask(f, "k", b));
  settle(loop);
  leader.cancel();
  settle(loop);
  EXPECT_TRUE(leader.was_cancelled());
  EXPECT_EQ(f.runs, 2);
  f.gate.notify_all();
  settle(loop);
  EXPECT_EQ(b, 2);
}

TEST(keyed_once, cancelled_before_the_start_nothing_stays) {
  asio::io_context loop;
  fixture f;
  int a = 0;
  spawned one(loop, ask(f, "k", a));
  one.cancel();
  settle(loop);
  EXPECT_TRUE(one.was_cancelled());
}

TEST(keyed_once, destroyed_while_idle) { const fixture f; }

}  // namespace
}  // namespace lxr
