// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "core/async/task.hpp"

namespace lxr {

// Waits for `time`, or less when cancelled.  Failure: throws only lxr::cancelled.  Cancel: terminal.
inline task<void> pause(std::chrono::milliseconds time) {
  co_await checkpoint();
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(as_result);
  co_await checkpoint();
}

}  // namespace lxr
