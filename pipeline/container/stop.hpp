#pragma once

#include <chrono>
#include <string>

#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "core/state/container_state.hpp"

namespace lxr::container {

// An open process of a container; empty when it is gone. Identity is checked after opening, so it is the right one.
unique_fd open_process(const process_identity& process);
// Returns once the process behind it has ended.
task<void> exited(int pidfd);

// Signals a process and waits for its end; after `limit` it gets SIGKILL. A negative limit waits for ever.
task<void> end_process(process_identity process, int signal, std::chrono::seconds limit);

// Stops a running container with its stop signal, and returns once its exit is recorded. Stopping one that does not
// run is not an error.
task<void> stop(const instance& where, std::string id, std::chrono::seconds limit, int signal);

// Sends a signal to a running container's first process; throws errc::conflict when it does not run.
void kill(const instance& where, const std::string& id, int signal);

}  // namespace lxr::container
