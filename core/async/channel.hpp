#pragma once

#include <deque>
#include <optional>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"

namespace lxr {

// A queue of at most `capacity` values between two stages: the back-pressure of every pipeline.
// Lifecycle: open, then closed by the producer; values already inside are still popped.
// Runs on: one strand.  Cancel: terminal, nothing is lost or doubled.
template <class T>
class bounded_channel {
 public:
  explicit bounded_channel(std::size_t capacity) : capacity_(capacity) {}

  // Waits for room. False when the channel was closed: the consumer is gone, stop producing.
  task<bool> push(T value) {
    while (!closed_ && values_.size() >= capacity_) co_await room_.wait();
    if (closed_) co_return false;
    values_.push_back(std::move(value));
    filled_.notify_one();
    co_return true;
  }

  // Waits for a value. Empty when the channel is closed and drained.
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
