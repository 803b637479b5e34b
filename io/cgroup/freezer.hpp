// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "io/cgroup/layout.hpp"

namespace lxr::io::cgroup {

// Stops and continues all processes of a group, at <tree>/<path> in every tree that has it.
//   v2      cgroup.freeze of the group itself
//   hybrid  the same, in the v2 tree
//   v1      freezer.state of a group in the tree of the freezer
// On v1 and hybrid hosts a container starts in neither: the first freeze() makes the group there and moves the
// processes in, again and again until none has been forked outside meanwhile.
// Runs on: any thread; blocks until all processes stand still.
// Failure: lxr::error errc::unsupported when the host has neither tree, errc::not_found when the group has no
//   processes, errc::timed_out after `deadline`; the group runs then.
void freeze(const layout& where, const std::string& path,
            std::chrono::milliseconds deadline = std::chrono::seconds(10));
// A group that is not frozen, or does not exist, stays as it is.
void thaw(const layout& where, const std::string& path);
[[nodiscard]] bool is_frozen(const layout& where, const std::string& path);

}  // namespace lxr::io::cgroup
