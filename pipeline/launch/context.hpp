// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::launch {

// What all launches of one process share. Lifecycle: made once per process that launches, outlives them.
// Runs on: the loop's strand.  Borrows: the event sink.
class context {
 public:
  context(asio::any_io_executor on, event_sink& sink) : executor(std::move(on)), events(sink) {}

  const asio::any_io_executor executor;
  event_sink& events;

  // The lxr-init program for execveat(2): a sealed copy in memory (program_copy.hpp), made when first needed.
  int init_program();

 private:
  unique_fd init_;
};

}  // namespace lxr::launch
