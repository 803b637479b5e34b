// SPDX-License-Identifier: Apache-2.0
#include "core/async/waiter_list.hpp"

namespace lxr {

// Keeps a waiter on the list while its coroutine waits; removes it when the coroutine ends or is destroyed.
class waiter_list::enrolment {
 public:
  enrolment(std::list<waiter*>& list, waiter& w) : list_(list), waiter_(w) { list_.push_back(&waiter_); }
  ~enrolment() {
    if (!waiter_.notified) list_.remove(&waiter_);
  }
  enrolment(const enrolment&) = delete;
  enrolment& operator=(const enrolment&) = delete;

 private:
  std::list<waiter*>& list_;
  waiter& waiter_;
};

task<bool> waiter_list::enrol() {
  waiter self{asio::steady_timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max())};
  const enrolment enrolled(waiters_, self);
  co_await self.timer.async_wait(as_result);
  co_return self.notified;
}

task<void> waiter_list::wait() {
  co_await checkpoint();
  const bool notified = co_await enrol();
  if (!notified) throw cancelled(cancel_reason::shutdown);
}

task<void> waiter_list::wait_regardless() { co_await enrol(); }

void waiter_list::notify_one() noexcept {
  if (waiters_.empty()) return;
  waiter* first = waiters_.front();
  waiters_.pop_front();
  first->notified = true;
  first->timer.cancel();
}

void waiter_list::notify_all() noexcept {
  while (!waiters_.empty()) notify_one();
}

}  // namespace lxr
