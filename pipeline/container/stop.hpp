// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/unique_fd.hpp"
#include "core/model/container_state.hpp"

namespace lxr::container {

// Waits until the process that `pidfd` refers to has ended.  Failure: throws lxr::error when it cannot be watched.
// Cancel: terminal.
task<void> exited(int pidfd);

// Kills a process and waits for its end.
// Failure: throws errc::timed_out after 10 s.  Cancel: terminal; the signal has been sent.
task<void> kill_process(process_identity process);

// Tells when monitors have recorded the exits of containers, by one inotify(7) instance for any number of them.
// Lifecycle: dispatch() runs in a scope as long as any recorded() waits; then the scope cancels it.
// Runs on: the loop's strand.
// Owns: the inotify descriptor.
// Borrows: the instance.
// Failure: throws lxr::error when inotify cannot be used.
// Cancel: terminal; nothing is left behind.
class exit_records {
 public:
  explicit exit_records(const instance& where);
  task<void> dispatch();
  // Waits until the exit of the first process `init` is recorded, its monitor has ended, or the container is removed or
  // started again; at most 5 s, which is no failure.
  task<void> recorded(std::string id, process_identity init);

 private:
  task<void> follow(std::string id, process_identity init);
  const instance& where_;
  unique_fd watches_;
  std::map<int, waiter_list> waiting_;  // key: watch descriptor
};

// Loads the state. When the first process has just ended, first waits at most 5 s until its exit is recorded, so that
// commands which show states do not see `ending`.
container_state load_settled_state(const instance& where, const std::string& id);

// How to stop a container.
struct stop_options {
  int signal;
  std::chrono::seconds limit;  // then SIGKILL; 0: SIGKILL at once
};
// Stops a running container by its stop signal; returns once its exit is recorded. Does nothing when it does not run.
// Failure: throws errc::not_found when it does not exist, errc::conflict while another lxr starts it or holds its lock,
//   errc::timed_out when it is not dead 10 s after SIGKILL.
// Cancel: terminal; a signal that was sent takes effect.
task<void> stop(const instance& where, exit_records& records, std::string id, stop_options how);

// Sends a signal to a running container's first process; for SIGKILL, returns once its exit is recorded.
// Failure: as stop(); also errc::conflict when it does not run.
// Cancel: terminal; a signal that was sent takes effect.
task<void> kill(const instance& where, exit_records& records, std::string id, int signal);

}  // namespace lxr::container
