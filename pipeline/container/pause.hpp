// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/async/task.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/layout.hpp"

namespace lxr::container {

// Stops all processes of a running container by the freezer of its cgroup, and records that.
// Runs on: the loop's strand; blocks for at most 10 s until the kernel has stopped every process.
// Failure: throws errc::conflict when the container does not run or is paused already, errc::unsupported without a
//   freezer, errc::timed_out when a process does not stop. The container runs on then.
// Cancel: terminal, while it waits for the container's lock.
task<void> pause(const instance& where, const io::cgroup::layout& cgroups, std::string id);
// Lets the processes of a paused container go on.
// Failure: throws errc::conflict for one that is not paused.
// Cancel: as pause().
task<void> unpause(const instance& where, const io::cgroup::layout& cgroups, std::string id);

// Lets a paused container go on because it is to end: what is frozen takes no signal. The caller holds its lock.
void thaw(const instance& where, const io::cgroup::layout& cgroups, const std::string& id);

}  // namespace lxr::container
