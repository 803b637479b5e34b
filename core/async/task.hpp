#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <type_traits>

#include "core/base/error.hpp"

namespace lxr {

namespace asio = boost::asio;

// A lazily started coroutine; it runs when awaited or spawned into a task_scope. core/README.md has the rules.
template <class T = void>
using task = asio::awaitable<T>;

// Completion token for one asynchronous operation whose failure the caller branches on.
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// True once the running coroutine was asked to stop.
inline task<bool> is_cancellation_requested() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

// Throws lxr::cancelled once the running coroutine was asked to stop. The waiting primitives of core/async call it;
// call it before a bare Asio operation, which a request made earlier would not interrupt.
inline task<void> checkpoint() {
  if (co_await is_cancellation_requested()) throw cancelled(cancel_reason::shutdown);
}

// The first frame of every spawned coroutine. Asio would make *every* await of a cancelled coroutine throw, also
// those that clean up and those that join children; here only waiting throws (checkpoint()).
template <class T>
task<T> entry_point(task<T> body) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(body);
}

}  // namespace lxr
