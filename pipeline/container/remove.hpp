// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/layout.hpp"

namespace lxr::container {

// Frees a container's name and moves its files into the trash, which is emptied later. The caller holds its lock.
void discard_files(const instance& where, const container_config& config);

// Which containers remove() removes.
enum class removal_mode {
  stopped,  // errc::conflict for one that runs or is being started
  any,      // kills a running one first
  idle,     // leaves one that runs, waits to be started, or is locked by another lxr
};

// What becomes of the anonymous volumes of a container that is removed. Those of one with auto_remove (--rm) always go.
enum class anonymous_volumes { kept, removed };

enum class removal_result { removed, left };

// Removes one container with everything it holds, whatever its config.json and state.json contain. Returns once its
// processes are gone and its name is free; the caller then calls settle(). If the remover dies, users no longer see the
// container or still see all of it; the next settle() frees its address and cgroup.
// Runs on: the loop's strand.
// Failure: throws errc::not_found when it does not exist or another process removed it; errc::conflict as `mode` says,
//   or when another lxr holds its lock for 20 s; errc::timed_out when a process is not dead 10 s after SIGKILL. It
//   keeps its records then.
// Cancel: terminal, while it waits for the lock or for the death of the process; the container keeps its records then.
task<removal_result> remove(const instance& where, const io::cgroup::layout& cgroups, std::string id, removal_mode mode,
                            anonymous_volumes volumes = anonymous_volumes::kept);

// The result for one container of remove_many().
struct removal {
  std::string id;
  removal_result result = removal_result::left;
  std::exception_ptr failure;  // null: see `result`
};
// Removes several containers, 256 at the same time.
// Failure: that of one container is in its `removal` and does not stop the others.
// Cancel: terminal; as remove(), for each of them.
task<std::vector<removal>> remove_many(const instance& where, const io::cgroup::layout& cgroups,
                                       const std::vector<std::string>& ids, removal_mode mode,
                                       anonymous_volumes volumes = anonymous_volumes::kept);

// Does what remains after removals and nobody needs to wait for: deletes what creators that died left, empties the
// trash, waits at most 5 s until the kernel has removed the links of the removed containers, removes the network if no
// container uses it, and sweeps cgroups without a container and what is left of instances that no longer exist.
// Failure: throws lxr::error when the links cannot be watched; a later settle() does the rest.
// Cancel: terminal, while it waits for the links; a later settle() does the rest.
task<void> settle(const instance& where, const io::cgroup::layout& cgroups, std::vector<std::string> removed_ids);

}  // namespace lxr::container
