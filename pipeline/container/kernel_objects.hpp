// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/container_state.hpp"
#include "io/cgroup/group.hpp"

namespace lxr::container {

// The path of a container's cgroup in each tree.
std::string cgroup_path(const instance& where, const std::string& id);
// The cgroup of a container that runs; `state` says in which trees.
io::cgroup::group cgroup_of(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state);

// Undoes what a container holds in the kernel besides its processes: cgroup and address. Idempotent.
void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept;

}  // namespace lxr::container
