// SPDX-License-Identifier: Apache-2.0
#include "core/async/task_scope.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using test::settle;
using test::spawned;

task<void> wait_on(waiter_list& gate, int& ended) {
  struct count {
    int& n;
    ~count() { ++n; }
  } on_end{ended};
  co_await gate.wait();
}

task<void> fail_with(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

task<void> join_two(task_scope& scope, waiter_list& gate, int& ended) {
  scope.spawn(wait_on(gate, ended));
  scope.spawn(wait_on(gate, ended));
  co_await scope.join();
}

TEST(task_scope, join_waits_for_all_children) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  task_scope scope(loop.get_executor());
  spawned root(loop, join_two(scope, gate, ended));
  settle(loop);
  EXPECT_FALSE(root.done());
  gate.notify_one();
  settle(loop);
  EXPECT_FALSE(root.done());
  gate.notify_one();
  settle(loop);
  EXPECT_TRUE(root.succeeded());
  EXPECT_EQ(ended, 2);
}

task<void> join_with_failure(task_scope& scope, waiter_list& gate, int& ended) {
  scope.spawn(wait_on(gate, ended));
  scope.spawn(fail_with("first"));
  co_await scope.join();
}

TEST(task_scope, first_failure_cancels_siblings_and_is_rethrown_after_they_ended) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  task_scope scope(loop.get_executor());
  spawned root(loop, join_with_failure(scope, gate, ended));
  settle(loop);
  EXPECT_EQ(ended, 1);
  EXPECT_THROW(root.rethrow(), std::runtime_error);
}

TEST(task_scope, cancelling_join_in_the_middle_cancels_children_and_waits_for_them) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  task_scope scope(loop.get_executor());
  spawned root(loop, join_two(scope, gate, ended));
  settle(loop);
  root.cancel();
  settle(loop);
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(root.was_cancelled());
}

TEST(task_scope, children_spawned_after_cancel_do_not_run_on) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  task_scope scope(loop.get_executor());
  scope.cancel(cancel_reason::user);
  spawned root(loop, join_two(scope, gate, ended));
  settle(loop);
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(root.was_cancelled());
}

task<void> join_after_cancel_request(task_scope& scope, waiter_list& gate, int& ended, spawned*& self) {
  scope.spawn(wait_on(gate, ended));
  self->cancel();  // arrives while this coroutine runs, not while it waits
  co_await scope.join();
}

TEST(task_scope, join_also_runs_in_a_coroutine_that_is_already_cancelled) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  task_scope scope(loop.get_executor());
  spawned* self = nullptr;
  spawned root(loop, join_after_cancel_request(scope, gate, ended, self));
  self = &root;
  settle(loop);
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(root.was_cancelled());
}

TEST(task_scope, may_be_destroyed_while_idle_and_used_again_after_join) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  {
    task_scope unused(loop.get_executor());
  }
  task_scope scope(loop.get_executor());
  for (int round = 1; round <= 2; ++round) {
    spawned root(loop, join_two(scope, gate, ended));
    settle(loop);
    gate.notify_all();
    settle(loop);
    EXPECT_TRUE(root.succeeded());
    EXPECT_EQ(ended, 2 * round);
  }
}

task<void> stop_two(task_scope& scope, waiter_list& gate, int& ended) {
  scope.spawn(wait_on(gate, ended));
  scope.spawn(fail_with("dropped"));
  co_await scope.stop();
}

TEST(task_scope, stop_waits_for_the_children_and_drops_their_failures) {
  asio::io_context loop;
  waiter_list gate;
  int ended = 0;
  task_scope scope(loop.get_executor());
  spawned root(loop, stop_two(scope, gate, ended));
  settle(loop);
  EXPECT_TRUE(root.succeeded());
  EXPECT_EQ(ended, 1);
  spawned again(loop, join_two(scope, gate, ended));
  settle(loop);
  gate.notify_all();
  settle(loop);
  EXPECT_TRUE(again.succeeded());
}

TEST(task_scope, children_still_waiting_when_the_loop_dies_are_destroyed) {
  waiter_list gate;
  int ended = 0;
  {
    std::optional<task_scope> scope;
    asio::io_context loop;
    scope.emplace(loop.get_executor());
    spawned root(loop, join_two(*scope, gate, ended));
    settle(loop);
    root.cancel();
    settle(loop);
  }
  EXPECT_EQ(ended, 2);
  EXPECT_TRUE(gate.empty());
}

}  // namespace
}  // namespace lxr
