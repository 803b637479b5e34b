// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/model/container_state.hpp"
#include "io/cgroup/cgroup.hpp"

namespace lxr::container {

// Undoes what a container holds in the kernel besides its processes: cgroup and address. Idempotent.
void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept;

}  // namespace lxr::container
