// SPDX-License-Identifier: Apache-2.0
#include "core/async/offload.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

task<void> add(worker_pool& pool, long& total, int n) {
  const long result = co_await offload(pool, [n] {
    long sum = 0;
    for (int i = 0; i <= n; ++i) sum += i;
    return sum;
  });
  total += result;  // back on the loop: no lock needed
}

task<void> add_many(worker_pool& pool, long& total) {
  task_scope scope(co_await asio::this_coro::executor);
  for (int i = 0; i < 200; ++i) scope.spawn(add(pool, total, 1000));
  co_await scope.join();
}

TEST(offload, results_come_back_on_the_callers_strand) {
  asio::io_context loop;
  worker_pool pool(2);
  long total = 0;
  run(loop, add_many(pool, total));
  EXPECT_EQ(total, 200L * 500500);
}

task<std::thread::id> where_it_runs(worker_pool& pool) {
  const auto inside = co_await offload(pool, [] { return std::this_thread::get_id(); });
  EXPECT_NE(inside, std::this_thread::get_id());
  co_return inside;
}

TEST(offload, runs_the_job_on_another_thread) {
  asio::io_context loop;
  worker_pool pool(1);
  run(loop, where_it_runs(pool));
}

task<void> failing(worker_pool& pool) {
  co_await offload(pool, [] { throw std::runtime_error("no"); });
}

TEST(offload, an_exception_reaches_the_caller) {
  asio::io_context loop;
  worker_pool pool(1);
  EXPECT_THROW(run(loop, failing(pool)), std::runtime_error);
}

task<void> slow(worker_pool& pool, std::atomic<int>& stage) {
  const auto wait_for_two = [&stage] {
    stage = 1;
    while (stage != 2) std::this_thread::yield();
    stage = 3;
  };
  co_await offload(pool, wait_for_two);
}

TEST(offload, cancelled_in_the_middle_it_waits_for_the_job_then_throws) {
  asio::io_context loop;
  worker_pool pool(1);
  std::atomic<int> stage = 0;
  test::spawned one(loop, slow(pool, stage));
  test::settle(loop);
  while (stage != 1) std::this_thread::yield();
  one.cancel();
  test::settle(loop);
  EXPECT_FALSE(one.done());
  stage = 2;
  loop.restart();
  loop.run();
  EXPECT_EQ(stage, 3);
  EXPECT_TRUE(one.was_cancelled());
}

task<void> note(worker_pool& pool, std::string& order, char who, std::uint64_t urgency) {
  co_await offload(pool, [&order, who] { order += who; }, urgency);
}

TEST(offload, the_most_urgent_job_goes_first_and_among_equals_the_first) {
  asio::io_context loop;
  worker_pool pool(1);
  std::atomic<int> stage = 0;
  std::string order;  // only the pool's one thread writes to it
  test::spawned first(loop, slow(pool, stage));
  test::settle(loop);
  while (stage != 1) std::this_thread::yield();
  std::list<test::spawned> others;
  for (const auto& [who, urgency] : {std::pair{'c', 5u}, {'d', 5u}, {'e', 1u}, {'b', 9u}})
    others.emplace_back(loop, note(pool, order, who, urgency));
  others.emplace_back(loop, note(pool, order, 'a', worker_pool::at_once));
  test::settle(loop);
  stage = 2;
  loop.restart();
  loop.run();
  EXPECT_EQ(order, "abcde");
}

task<void> cancel_then_offload(worker_pool& pool, std::atomic<int>& stage, test::spawned*& self) {
  self->cancel();
  auto working = slow(pool, stage);
  co_await std::move(working);
}

TEST(offload, cancelled_before_the_start_the_job_never_runs) {
  asio::io_context loop;
  worker_pool pool(1);
  std::atomic<int> stage = 0;
  test::spawned* self = nullptr;
  test::spawned one(loop, cancel_then_offload(pool, stage, self));
  self = &one;
  loop.run();
  EXPECT_EQ(stage, 0);
  EXPECT_TRUE(one.was_cancelled());
}

// Where threads are refused it works with those it got, and never waits for the others.
TEST(worker_pool, takes_the_threads_it_gets_or_says_so) {
  EXPECT_EXIT(
      {
        if (::geteuid() == 0) static_cast<void>(::setuid(65534));  // root has no limit
        rlimit three{};
        three.rlim_cur = three.rlim_max = 3;
        ::setrlimit(RLIMIT_NPROC, &three);
        std::atomic<int> done = 0;
        try {
          asio::io_context loop;
          worker_pool pool(1000);
          run(loop, [](worker_pool& on, std::atomic<int>& count) -> task<void> {
            co_await offload(on, [&count] { ++count; });
          }(pool, done));
        } catch (const error& e) {
          ::_exit(e.code() == errc::exhausted ? 3 : 4);
        }
        ::_exit(done == 1 ? 3 : 5);
      },
      testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace lxr
