// SPDX-License-Identifier: Apache-2.0
#include "core/async/task_scope.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <cassert>
#include <exception>

namespace lxr {

task_scope::~task_scope() {
  if (running_ == 0) return;
  assert(false && "task_scope destroyed before join()");
  std::terminate();  // also in release builds: the children would go on using what they borrow after it is freed
}

void task_scope::spawn(task<void> body) {
  if (children_.size() > 2 * running_) std::erase_if(children_, [](const child& c) { return c.ended; });
  child& fresh = children_.emplace_back();
  ++running_;
  asio::co_spawn(executor_, entry_point(std::move(body)),
                 asio::bind_cancellation_slot(fresh.signal.slot(), [this, &fresh](std::exception_ptr failure) noexcept {
                   ended(fresh, std::move(failure));
                 }));
  if (cancelled_) fresh.signal.emit(asio::cancellation_type::terminal);
}

void task_scope::cancel(cancel_reason reason) {
  if (cancelled_) return;
  cancelled_ = true;
  reason_ = reason;
  for (child& c : children_) {
    if (!c.ended) c.signal.emit(asio::cancellation_type::terminal);
  }
}

void task_scope::ended(child& which, std::exception_ptr failure) noexcept {
  which.ended = true;
  --running_;
  if (failure) {
    if (!failure_ && !is_cancelled(failure)) failure_ = failure;
    cancel(cancel_reason::sibling_failed);
  }
  if (running_ == 0) idle_.notify_all();
}

task<void> task_scope::join() {
  while (running_ > 0) {
    if (co_await is_cancellation_requested()) cancel(cancel_reason::shutdown);
    co_await idle_.wait_regardless();
  }
  const bool stopped = std::exchange(cancelled_, false) || co_await is_cancellation_requested();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  if (stopped) throw cancelled(reason_);
}

task<void> task_scope::stop() {
  cancel();
  while (running_ > 0) co_await idle_.wait_regardless();
  cancelled_ = false;
  failure_ = nullptr;
}

}  // namespace lxr
