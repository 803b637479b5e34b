// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <list>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/error.hpp"

namespace lxr {

// A set of coroutines with one parent: the first failure cancels the others, and join() waits for all.
// Lifecycle: spawn() any number of times, then join(), which is mandatory; after it the scope may be used again. The
//   destructor asserts that no child is left. Declare the scope after everything its children borrow.
// Runs on: the strand of its executor.
// Owns: the children.
// Failure: join() rethrows the first failure that is not a cancellation, after every child has ended.
// Cancel: terminal. Cancelling join() cancels the children, still waits for all of them, then throws lxr::cancelled.
class task_scope {
 public:
  explicit task_scope(asio::any_io_executor executor) : executor_(std::move(executor)) {}
  ~task_scope();
  task_scope(const task_scope&) = delete;
  task_scope& operator=(const task_scope&) = delete;

  void spawn(task<void> child);
  void cancel(cancel_reason reason = cancel_reason::user);
  task<void> join();
  // Cancels the children and waits for all of them; their failures are dropped. In place of join().
  // Failure: none.  Cancel: none.
  task<void> stop();
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

 private:
  struct child {
    asio::cancellation_signal signal;
    bool ended = false;
  };
  void ended(child& which, std::exception_ptr failure) noexcept;

  asio::any_io_executor executor_;
  std::list<child> children_;  // an ended child stays until a later spawn(): Asio may still be inside its signal
  std::size_t running_ = 0;
  std::exception_ptr failure_;
  bool cancelled_ = false;
  cancel_reason reason_ = cancel_reason::user;
  waiter_list idle_;
};

}  // namespace lxr
