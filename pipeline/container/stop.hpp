#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/unique_fd.hpp"
#include "core/model/container_state.hpp"

namespace lxr::container {

// Returns once the process behind it has ended.
task<void> exited(int pidfd);

// Kills a process and waits for its end, at most ten seconds.
task<void> kill_process(process_identity process);

// Tells when monitors have recorded the exits of containers: one inotify(7) instance for any number of them.
// Lifecycle: dispatch() runs as long as anybody waits, and is cancelled then.  Runs on: the loop's strand.
class exit_records {
 public:
  explicit exit_records(const instance& where);
  task<void> dispatch();
  // Until the exit of the container's first process `init` is recorded, or its monitor is gone, or the container is removed or
  // started again; at most five seconds.
  task<void> recorded(std::string id, process_identity init);

 private:
  task<void> follow(std::string id, process_identity init);
  const instance& where_;
  unique_fd watches_;
  std::map<int, waiter_list> waiting_;  // by watch descriptor
};

// Waits, where a container's first process has just ended, until its exit is recorded; returns the state then. For commands
// that show states: `ending` is over, unless the monitor takes longer than five seconds.
container_state load_settled_state(const instance& where, const std::string& id);

struct stop_options {
  int signal;
  std::chrono::seconds limit;  // then SIGKILL
};
// Stops a running container with its stop signal, and returns once its exit is recorded. Stopping one that does not run
// changes nothing and is no error. Throws errc::not_found when there is none, errc::conflict while it is being started.
task<void> stop(const instance& where, exit_records& records, std::string id, stop_options how);

// Sends a signal to a running container's first process; SIGKILL returns once its exit is recorded. Throws errc::conflict
// when it does not run.
task<void> kill(const instance& where, exit_records& records, std::string id, int signal);

}  // namespace lxr::container
