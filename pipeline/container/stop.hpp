#pragma once

#include <chrono>
#include <map>
#include <string>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/unique_fd.hpp"
#include "core/state/container_state.hpp"

namespace lxr::container {

// Returns once the process behind it has ended.
task<void> exited(int pidfd);

// Signals a process and waits for its end; after `limit` it gets SIGKILL. A negative limit waits for ever.
task<void> end_process(process_identity process, int signal, std::chrono::seconds limit);

// Tells when monitors have recorded the exits of containers: one inotify(7) instance for any number of them.
// Lifecycle: dispatch() runs as long as anybody waits, and is cancelled then.  Runs on: the loop's strand.
class exit_records {
 public:
  explicit exit_records(const instance& where);
  task<void> dispatch();
  // Until the exit of a container is recorded, or its monitor is gone itself, or the container is.
  task<void> recorded(std::string id);

 private:
  const instance& where_;
  unique_fd watches_;
  std::map<int, waiter_list> waiting_;  // by watch descriptor
};

// Stops a running container with its stop signal, and returns once its exit is recorded. Stopping one that does not
// run is not an error.
task<void> stop(const instance& where, exit_records& records, std::string id, std::chrono::seconds limit, int signal);

// Sends a signal to a running container's first process; throws errc::conflict when it does not run.
void kill(const instance& where, const std::string& id, int signal);

}  // namespace lxr::container
