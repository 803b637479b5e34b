// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <list>

#include "core/async/task.hpp"

namespace lxr {

// Coroutines that wait for a condition, in order of arrival; the base of bounded_channel, semaphore and task_scope.
// Lifecycle: outlives its waiters.
// Runs on: one strand.
// Failure: wait() throws only lxr::cancelled; wait_regardless() throws nothing.
// Cancel: terminal; a cancelled waiter leaves the list.
class waiter_list {
 public:
  waiter_list() = default;
  waiter_list(const waiter_list&) = delete;
  waiter_list& operator=(const waiter_list&) = delete;

  // Returns once notified. Throws lxr::cancelled for a cancellation during the wait or before it. Check the condition
  // again afterwards: another coroutine may have run first.
  task<void> wait();
  // Returns once notified, or when a cancellation arrives during the wait. For joins, which must go on waiting.
  task<void> wait_regardless();
  void notify_one() noexcept;
  void notify_all() noexcept;
  [[nodiscard]] bool empty() const noexcept { return waiters_.empty(); }

 private:
  struct waiter {
    asio::steady_timer timer;
    bool notified = false;
  };
  class enrolment;
  task<bool> enrol();
  std::list<waiter*> waiters_;
};

}  // namespace lxr
