#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "core/async/task.hpp"

namespace lxr {

// Lets this much time pass. Cancel: terminal; throws lxr::cancelled.
inline task<void> pause(std::chrono::milliseconds time) {
  co_await checkpoint();
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(as_result);
  co_await checkpoint();
}

}  // namespace lxr
