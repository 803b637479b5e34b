// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "core/async/task.hpp"

namespace lxr::test {

// One coroutine on a loop that the test turns by hand, so that "in the middle" is a place, not a time.
class spawned {
 public:
  spawned(asio::io_context& loop, task<void> body) : loop_(loop) {
    asio::co_spawn(loop, entry_point(std::move(body)),
                   asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr e) {
                     done_ = true;
                     failure_ = std::move(e);
                   }));
  }
  // On the loop, as everywhere in lxr: a coroutine that has not begun when it is cancelled ends Asio 1.28's loop.
  void cancel() {
    asio::dispatch(loop_, [this] { signal_.emit(asio::cancellation_type::terminal); });
  }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] bool was_cancelled() const { return done_ && is_cancelled(failure_); }
  [[nodiscard]] bool succeeded() const { return done_ && !failure_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  asio::io_context& loop_;
  asio::cancellation_signal signal_;
  bool done_ = false;
  std::exception_ptr failure_;
};

// Runs everything that is ready, without waiting for anything.
inline void settle(asio::io_context& loop) {
  loop.restart();
  while (loop.poll() > 0) loop.restart();
}

}  // namespace lxr::test
