// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "cli/attach/session.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/async/task.hpp"
#include "pipeline/engine/supervision.hpp"

namespace lxr::cli {

// The main object of the engine process: its loop, its containers, and the client's messages (session.hpp).
// Lifecycle: run(), once; it returns when the command's work is done and all of its containers have ended.
// Runs on: the main thread of the engine process, in the loop.
// Borrows: the side and the events.
// Failure: run() reports a failure of the work to the client (engine_side::finished()) and does not throw it.
class engine_process {
 public:
  engine_process(instance where, engine_side& side, terminal_events& events);

  // Runs `work`, which starts the command's containers and may call client().finished() to let the client exit. A
  // signal that the client passes on, or the client's end, cancels `work` until focus() or finished() was called. After
  // focus() signals go to that container.
  void run(std::function<task<void>(engine_process&)> work);

  engine_side& client() noexcept { return side_; }
  terminal_events& events() noexcept { return events_; }
  container::engine& engine() noexcept { return containers_.engine(); }
  monitor::monitor& monitor() noexcept { return containers_.monitor(); }
  const instance& where() const noexcept { return where_; }

  // Names the attached container: it gets the signals and terminal sizes that the client sends.
  void focus(const std::string& id);

 private:
  task<void> supervise(std::function<task<void>(engine_process&)> work);
  task<void> listen(task_scope& work);

  terminal_events& events_;
  engine_side& side_;
  instance where_;
  asio::io_context loop_;
  engine::supervision containers_;
  std::string focus_;
  io::tty::terminal_size size_;  // of the client's terminal, as its last message said
  int cancelling_signal_ = 0;
};

}  // namespace lxr::cli
