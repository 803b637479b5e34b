// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/async/task.hpp"
#include "pipeline/container/engine.hpp"
#include "pipeline/monitor/monitor.hpp"

namespace lxr::engine {

// The containers of one lxr process, from their starts to the end of the last one: the engine that starts them, the
// monitor that waits for them, and the cleaning up behind them. Every front end has one.
// Lifecycle: starts and monitor().watch(), then ended(), then clean_up(), each once.
// Runs on: the loop's strand.
// Borrows: the instance and the events.
// Failure: ended() throws lxr::error when an exit could not be recorded: later commands derive it from the kernel.
//   clean_up() does not throw: what it leaves, the sweep of a later command takes.
// Cancel: terminal, as monitor::run().
class supervision {
 public:
  // Raises the soft limit of descriptors to the hard one: a monitor holds three for each container, and five once the
  // container has written output.
  supervision(const instance& where, const asio::any_io_executor& executor, event_sink& events);

  container::engine& engine() noexcept { return engine_; }
  monitor::monitor& monitor() noexcept { return monitor_; }

  // Waits until all watched containers have ended, and their exits are recorded. Meanwhile it keeps their names known.
  task<void> ended();
  // Empties the trash. Keeps the network and the lent image mounts for one second more: a command that follows at once
  // can use them.
  task<void> clean_up();

 private:
  container::engine engine_;
  monitor::monitor monitor_;
};

}  // namespace lxr::engine
