// SPDX-License-Identifier: Apache-2.0
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

// A coroutine that starts when it is awaited or spawned into a task_scope. Rules for coroutines: core/README.md.
template <class T = void>
using task = asio::awaitable<T>;

// The completion token for an Asio operation whose error code the caller branches on: it returns the code, not throws
// it.
inline constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

// Returns true once the running coroutine was asked to stop.  Failure: none.  Cancel: has no effect on the call itself.
inline task<bool> is_cancellation_requested() {
  const auto state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

// Throws lxr::cancelled once the running coroutine was asked to stop. The waits of core/async call it. Call it before a
// bare Asio operation, which a request made earlier would not interrupt.
// Failure: throws only lxr::cancelled.  Cancel: any strength.
inline task<void> checkpoint() {
  if (co_await is_cancellation_requested()) throw cancelled(cancel_reason::shutdown);
}

// The first frame of every spawned coroutine: it turns off Asio's rule that every co_await of a cancelled coroutine
// throws, because that rule also hits the awaits that clean up or join children. In lxr only waits throw, by
// checkpoint().
// Failure: rethrows the exception of `body`.  Cancel: passed on to `body`.
template <class T>
task<T> entry_point(task<T> body) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(body);
}

}  // namespace lxr
