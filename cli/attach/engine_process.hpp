// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>

#include "cli/attach/session.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/async/task.hpp"
#include "pipeline/monitor/monitor.hpp"

namespace lxr::cli {

// What runs in the engine process of one command: a loop, the engine, the monitor, and the client's wishes.
// Lifecycle: run() does the command's work and returns when its containers have ended.
class engine_process {
 public:
  engine_process(instance where, engine_side& side, terminal_events& events);

  // `work` does what the command is for; it may call client().finished() when the client may go. While it runs, a
  // signal from the client, or its end, cancels it; afterwards signals go to the container that focus() named.
  void run(std::function<task<void>(engine_process&)> work);

  engine_side& client() noexcept { return side_; }
  terminal_events& events() noexcept { return events_; }
  container::engine& engine() noexcept { return engine_; }
  monitor::monitor& monitor() noexcept { return monitor_; }
  const instance& where() const noexcept { return where_; }

  // The attached container: signals and window sizes of the client are its from now on.
  void focus(const std::string& id);

 private:
  task<void> linger();
  task<void> supervise(std::function<task<void>(engine_process&)> work);
  task<void> listen(task_scope& work);

  terminal_events& events_;
  engine_side& side_;
  instance where_;
  asio::io_context loop_;
  container::engine engine_;
  monitor::monitor monitor_;
  std::string focus_;
  io::tty::terminal_size size_;  // of the client's terminal, as its last message said
  int cancelling_signal_ = 0;
};

}  // namespace lxr::cli
