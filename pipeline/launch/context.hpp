// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::launch {

// What all launches of one lxr process share.
// Lifecycle: made once per process; outlives its launches.
// Runs on: the loop's strand.
// Owns: the copy of lxr-init.
// Borrows: the event sink.
// Failure: init_program() throws lxr::error; a later call tries again.
class context {
 public:
  context(asio::any_io_executor on, event_sink& sink) : executor(std::move(on)), events(sink) {}

  const asio::any_io_executor executor;
  event_sink& events;

  // Returns the descriptor of lxr-init for execveat(2): a sealed copy in memory (program_copy.hpp), made by the first
  // call. It stays open as long as the context lives.
  int init_program();

 private:
  unique_fd init_;
};

}  // namespace lxr::launch
