// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <tuple>

#include "core/async/task.hpp"
#include "core/base/error.hpp"

namespace lxr {

namespace detail {

template <class T>
T unwrap(std::tuple<std::exception_ptr, T> outcome) {
  if (std::get<0>(outcome)) std::rethrow_exception(std::get<0>(outcome));
  return std::get<1>(std::move(outcome));
}
inline void unwrap(std::tuple<std::exception_ptr> outcome) {
  if (std::get<0>(outcome)) std::rethrow_exception(std::get<0>(outcome));
}

// Spawns `inner`, with `slot` as its only source of cancellation, and waits until it has ended.
// Failure: rethrows the exception of `inner`.  Cancel: only through `slot`; a cancellation of the caller has no effect.
template <class T>
task<T> run_apart(task<T> inner, asio::cancellation_slot slot) {
  const auto executor = co_await asio::this_coro::executor;
  auto body = entry_point(std::move(inner));
  auto outcome = co_await asio::co_spawn(executor, std::move(body), asio::bind_cancellation_slot(slot, as_result));
  co_return unwrap(std::move(outcome));
}

}  // namespace detail

// Runs `inner` to its end even if the caller is or gets cancelled; for undo steps. Give `inner` a deadline of its own
// where it waits for others.
// Failure: rethrows the exception of `inner`.
// Cancel: none; the caller sees its cancellation at its next wait.
template <class T>
task<T> shielded(task<T> inner) {
  asio::cancellation_signal never;
  co_return co_await detail::run_apart(std::move(inner), never.slot());
}

// Runs `inner` and waits for its end; after `limit` it cancels `inner` first. With `gives_up`, which is asked four
// times a second and must not throw, also as soon as that returns true.
// Failure: throws error{errc::timed_out, operation, subject} when `inner` was cancelled by `limit` or `gives_up`, else
//   rethrows its exception. An `inner` that returns a value in spite of the cancellation has succeeded.
// Cancel: passed on to `inner` with its own strength.
template <class T>
task<T> with_deadline(std::chrono::steady_clock::duration limit, task<T> inner, std::string operation,
                      std::string subject, std::function<bool()> gives_up = {}) {
  co_await checkpoint();
  using clock = std::chrono::steady_clock;
  struct alarm : std::enable_shared_from_this<alarm> {
    explicit alarm(const asio::any_io_executor& executor) : timer(executor) {}
    void wait() {
      constexpr auto moment = std::chrono::milliseconds(250);
      timer.expires_at(gives_up ? std::min(end, clock::now() + moment) : end);
      timer.async_wait([self = this->shared_from_this()](const boost::system::error_code& ec) { self->ring(!ec); });
    }
    void ring(bool is_time) {
      if (!is_time || over) return;
      if (clock::now() < end && !gives_up()) return wait();
      expired = true;
      stop.emit(asio::cancellation_type::terminal);
    }
    asio::steady_timer timer;
    asio::cancellation_signal stop;
    bool expired = false;
    bool over = false;
    clock::time_point end;
    std::function<bool()> gives_up;
  };
  // A shared_ptr, because the timer's handler may already be queued when `inner` ends.
  const auto state = std::make_shared<alarm>(co_await asio::this_coro::executor);
  state->end = clock::now() + limit;
  state->gives_up = std::move(gives_up);
  state->wait();
  const asio::cancellation_state requests = co_await asio::this_coro::cancellation_state;
  auto outer = requests.slot();
  if (outer.is_connected()) {
    outer.assign([state](asio::cancellation_type type) {
      if (!state->over) state->stop.emit(type);
    });
  }
  const auto disarm = [&] {
    state->over = true;
    state->timer.cancel();
    if (outer.is_connected()) outer.clear();
  };
  std::exception_ptr failure;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await detail::run_apart(std::move(inner), state->stop.slot());
      disarm();
      co_return;
    } else {
      T value = co_await detail::run_apart(std::move(inner), state->stop.slot());
      disarm();
      co_return value;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  disarm();
  if (state->expired && is_cancelled(failure)) {
    throw error(errc::timed_out, std::move(operation), std::move(subject));
  }
  std::rethrow_exception(failure);
}

}  // namespace lxr
