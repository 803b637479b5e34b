// SPDX-License-Identifier: Apache-2.0
#include "core/async/shielded.hpp"

#include <gtest/gtest.h>

#include "core/async/run.hpp"
#include "core/async/waiter_list.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using namespace std::chrono_literals;
using test::settle;
using test::spawned;

task<void> undo(waiter_list& gate, bool& undone) {
  co_await gate.wait();
  undone = true;
}

task<void> work_then_undo(waiter_list& gate, waiter_list& undo_gate, bool& undone) {
  std::exception_ptr failure;
  try {
    co_await gate.wait();
  } catch (...) {
    failure = std::current_exception();
  }
  auto undoing = undo(undo_gate, undone);
  co_await shielded(std::move(undoing));
  if (failure) std::rethrow_exception(failure);
}

TEST(shielded, runs_to_its_end_in_a_cancelled_coroutine) {
  asio::io_context loop;
  waiter_list gate, undo_gate;
  bool undone = false;
  spawned one(loop, work_then_undo(gate, undo_gate, undone));
  settle(loop);
  one.cancel();
  settle(loop);
  EXPECT_FALSE(one.done());
  one.cancel();  // once more, while it undoes
  settle(loop);
  EXPECT_FALSE(one.done());
  undo_gate.notify_all();
  settle(loop);
  EXPECT_TRUE(undone);
  EXPECT_TRUE(one.was_cancelled());
}

task<void> shield_a_failure() {
  auto failing = []() -> task<void> {
    throw std::runtime_error("undo failed");
    co_return;
  }();
  co_await shielded(std::move(failing));
}

TEST(shielded, hands_on_a_failure) {
  asio::io_context loop;
  EXPECT_THROW(run(loop, shield_a_failure()), std::runtime_error);
}

task<int> answer() { co_return 42; }
task<void> forever(bool& ended) {
  struct mark {
    bool& b;
    ~mark() { b = true; }
  } on_end{ended};
  waiter_list never;
  co_await never.wait();
}

task<void> in_time(int& got) {
  auto asking = answer();
  got = co_await with_deadline(10s, std::move(asking), "ask", "it");
}

TEST(with_deadline, returns_the_result_in_time) {
  asio::io_context loop;
  int got = 0;
  run(loop, in_time(got));
  EXPECT_EQ(got, 42);
}

task<void> too_late(bool& ended) {
  auto waiting = forever(ended);
  co_await with_deadline(1ms, std::move(waiting), "wait for", "Godot");
}

TEST(with_deadline, cancels_and_names_what_took_too_long) {
  asio::io_context loop;
  bool ended = false;
  try {
    run(loop, too_late(ended));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::timed_out);
    EXPECT_STREQ(e.what(), "cannot wait for Godot: timed out");
  }
  EXPECT_TRUE(ended);
}

task<void> long_deadline(bool& ended) {
  auto waiting = forever(ended);
  co_await with_deadline(1h, std::move(waiting), "wait for", "it");
}

TEST(with_deadline, hands_on_the_callers_cancellation) {
  asio::io_context loop;
  bool ended = false;
  spawned one(loop, long_deadline(ended));
  settle(loop);
  one.cancel();
  settle(loop);
  EXPECT_TRUE(ended);
  EXPECT_TRUE(one.was_cancelled());
}

}  // namespace
}  // namespace lxr
