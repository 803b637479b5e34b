// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/container_state.hpp"
#include "io/cgroup/group.hpp"

namespace lxr::container {

// Returns the path of a container's cgroup, the same in each tree: "lxr/ID" or "lxr-TAG/ID".
std::string cgroup_path(const instance& where, const std::string& id);
// Opens the cgroup of a running container; `state` says which trees of v1 it is in.
// Failure: as io::cgroup::group::open().
io::cgroup::group cgroup_of(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state);

// Releases what a container holds besides its processes: kills what is left in its cgroup, removes that, and frees its
// address. May be repeated. Blocks for up to 200 ms.
void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept;

}  // namespace lxr::container
