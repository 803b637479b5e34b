// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>

#include "core/async/task.hpp"

namespace lxr {

// Runs one coroutine as the root of a task tree on the calling thread. Returns its result when `loop` has no work left.
// Failure: rethrows the exception of `root`.
template <class T>
T run(asio::io_context& loop, task<T> root) {
  loop.restart();
  std::exception_ptr failure;
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(loop, entry_point(std::move(root)), [&failure](std::exception_ptr e) { failure = std::move(e); });
    loop.run();
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<T> result;
    asio::co_spawn(loop, entry_point(std::move(root)), [&failure, &result](std::exception_ptr e, T value) {
      failure = std::move(e);
      if (!failure) result.emplace(std::move(value));
    });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return std::move(*result);
  }
}

}  // namespace lxr
