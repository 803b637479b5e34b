// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <string>

#include "core/async/task.hpp"
#include "core/base/event_sink.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::launch {

// What all launches of one process share. Lifecycle: made once per process that launches, outlives them.
// Runs on: the loop's strand.  Borrows: the event sink.
class context {
 public:
  // `init`: the path of lxr-init; empty: that of lxr's own.
  context(asio::any_io_executor on, event_sink& sink, std::string init = {})
      : executor(std::move(on)), events(sink), path_(std::move(init)) {}

  const asio::any_io_executor executor;
  event_sink& events;

  // The lxr-init program for execveat(2): a copy (program_copy.hpp), so that no container can reach the file. Made when
  // first needed.
  int init_program();

 private:
  std::string path_;
  unique_fd init_;
};

}  // namespace lxr::launch
