// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"

namespace lxr {

// A queue of at most `capacity` values between two pipeline stages; a full queue holds the producer back.
// Lifecycle: open, then closed by either side. After close(), push() refuses and pop() still returns the values inside.
// Runs on: one strand.
// Failure: push() and pop() throw only lxr::cancelled; the channel stays usable.
// Cancel: terminal. A cancelled push() has not queued its value, a cancelled pop() has taken none.
template <class T>
class bounded_channel {
 public:
  explicit bounded_channel(std::size_t capacity) : capacity_(capacity) {}

  // Waits for room, then queues the value. Returns false when the channel is closed: the consumer is gone, stop
  // producing.
  task<bool> push(T value) {
    while (!closed_ && values_.size() >= capacity_) co_await room_.wait();
    if (closed_) co_return false;
    values_.push_back(std::move(value));
    filled_.notify_one();
    co_return true;
  }

  // Waits for a value. Returns nullopt when the channel is closed and empty.
  task<std::optional<T>> pop() {
    while (values_.empty() && !closed_) co_await filled_.wait();
    if (values_.empty()) co_return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    room_.notify_one();
    co_return value;
  }

  void close() noexcept {
    closed_ = true;
    room_.notify_all();
    filled_.notify_all();
  }

  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

 private:
  std::size_t capacity_;
  bool closed_ = false;
  std::deque<T> values_;
  waiter_list room_, filled_;
};

}  // namespace lxr
