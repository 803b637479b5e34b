// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "io/cgroup/layout.hpp"

namespace lxr::io::cgroup {

inline constexpr const char* mark_name = "trusted.lxr";  // the attribute with a marking's text

// Kills what still runs in the group <tree>/<path> and in those below, and removes its directories in every tree, and
// the group above if it was the last in it, unless that is to be kept. Returns false when one of them could not be
// removed within 200 ms, which it may block for. `trees`: those that it is in (group::trees()); empty: every tree is
// looked at.
enum class group_above { removed_if_empty, kept };
bool remove(const layout& where, const std::string& path, const std::vector<std::string>& trees = {},
            group_above above = group_above::removed_if_empty) noexcept;
// Sends a signal to all processes of a group and of those below it. SIGKILL ends also what is forked meanwhile, and
// what is frozen.
void kill(const layout& where, const std::string& path, int signal) noexcept;
// Removes the groups below `parent` for whose id `is_alive` returns false: an engine or remover that died left them.
void sweep(const layout& where, const std::string& parent,
           const std::function<bool(const std::string& id)>& is_alive) noexcept;
// Removes the parents whose name begins with `prefix` and for whose mark `is_orphaned` returns true, with the groups
// below. Groups that have processes stay, with their parent.
void sweep_orphans(const layout& where, const std::string& prefix,
                   const std::function<bool(const std::string& mark)>& is_orphaned) noexcept;

}  // namespace lxr::io::cgroup
