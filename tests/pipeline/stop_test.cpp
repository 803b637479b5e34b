// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/stop.hpp"

#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "tests/support/running_fixture.hpp"

namespace lxr::container {
namespace {

using std::chrono::seconds;

struct stopping : test::running_fixture {
  exit_records records{where};
  static constexpr seconds long_time{1000};

  // Runs one command with a dispatcher of exits beside it, as the commands do.
  task<void> dispatched(task<void> command) {
    task_scope beside(loop.get_executor());
    beside.spawn(records.dispatch());
    std::exception_ptr failure;
    try {
      co_await std::move(command);
    } catch (...) {
      failure = std::current_exception();
    }
    beside.cancel();
    try {
      co_await beside.join();
    } catch (const cancelled&) {
      // we cancelled it
    }
    if (failure) std::rethrow_exception(failure);
  }

  // Runs a command while the container's monitor does its part.
  void run_beside_monitor(const std::string& id, task<void> command) {
    test::spawned monitor(loop, record_exit(id)), commanding(loop, dispatched(std::move(command)));
    loop.restart();
    loop.run();
    monitor.rethrow();
    commanding.rethrow();
  }

  std::error_code refusal_of(task<void> command) {
    try {
      run(loop, dispatched(std::move(command)));
    } catch (const error& e) {
      return e.code();
    }
    return {};
  }
};

TEST_F(stopping, the_stop_signal_ends_it_and_the_exit_is_recorded_on_return) {
  const std::string id = make_running("box");
  run_beside_monitor(id, stop(where, records, id, {SIGUSR1, long_time}));
  const container_state state = load_raw_state(where, id);
  EXPECT_EQ(state.status, container_status::exited);
  EXPECT_EQ(state.exit_code, 128 + SIGUSR1);
}

TEST_F(stopping, a_limit_of_nothing_kills_at_once) {
  const std::string id = make_running("box", SIGTERM);
  run_beside_monitor(id, stop(where, records, id, {SIGTERM, seconds(0)}));
  EXPECT_EQ(load_raw_state(where, id).exit_code, 128 + SIGKILL);
}

TEST_F(stopping, what_does_not_run_is_stopped_already_but_cannot_be_killed) {
  const std::string id = make_container("box");
  container_state ended;
  ended.status = container_status::exited;
  save_ended(where, id, ended);
  EXPECT_EQ(refusal_of(stop(where, records, id, {SIGTERM, long_time})), std::error_code());
  EXPECT_EQ(refusal_of(kill(where, records, id, SIGTERM)), errc::conflict);
}

TEST_F(stopping, one_that_is_being_started_is_left_alone) {
  const std::string id = make_container("box");
  container_state starting;
  starting.status = container_status::starting;
  starting.monitor = identify(::getpid());
  save(where, id, starting);
  EXPECT_EQ(refusal_of(stop(where, records, id, {SIGTERM, long_time})), errc::conflict);
  EXPECT_EQ(refusal_of(kill(where, records, id, SIGKILL)), errc::conflict);
}

TEST_F(stopping, one_that_is_not_there_is_not_found) {
  EXPECT_EQ(refusal_of(stop(where, records, new_container_id(), {SIGTERM, long_time})), errc::not_found);
}

TEST_F(stopping, without_a_monitor_nobody_waits_for_a_record) {
  const std::string id = make_running("box");
  container_state state = load_raw_state(where, id);
  state.monitor = {1 << 30, 1, this_boot()};  // it died
  save(where, id, state);
  EXPECT_EQ(refusal_of(stop(where, records, id, {SIGKILL, long_time})), std::error_code());
  EXPECT_FALSE(is_alive(state));
}

TEST_F(stopping, cancelled_while_it_waits_for_the_lock_no_signal_is_sent) {
  const std::string id = make_running("box");
  const container_lock anothers = try_lock_container(where, id);
  test::spawned one(loop, dispatched(stop(where, records, id, {SIGKILL, long_time})));
  one.cancel();
  loop.run();
  EXPECT_TRUE(one.was_cancelled());
  EXPECT_TRUE(is_alive(load_raw_state(where, id)));
}

TEST_F(stopping, cancelled_in_the_middle_it_waits_no_more_and_kills_nothing) {
  const std::string id = make_running("box", SIGTERM);
  test::spawned one(loop, dispatched(stop(where, records, id, {SIGTERM, long_time})));
  test::settle(loop);
  EXPECT_FALSE(one.done());
  one.cancel();
  loop.restart();
  loop.run();
  EXPECT_TRUE(one.was_cancelled());
  EXPECT_TRUE(is_alive(load_raw_state(where, id)));
  EXPECT_TRUE(try_lock_container(where, id)) << "the lock is free again";
}

TEST_F(stopping, a_signal_that_kills_nothing_returns_at_once) {
  const std::string id = make_running("box", SIGUSR2);
  EXPECT_EQ(refusal_of(kill(where, records, id, SIGUSR2)), std::error_code());
  EXPECT_TRUE(is_alive(load_raw_state(where, id)));
}

}  // namespace
}  // namespace lxr::container
