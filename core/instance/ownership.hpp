// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/instance/paths.hpp"

namespace lxr {

// The mark that lxr leaves on the kernel objects it makes for an instance (the alias of a link, the comment of an nft
// table, an extended attribute of a cgroup): "lxr MOUNTNAMESPACE STATEDIRECTORY". Returns "" when it would be longer
// than 250 bytes.
std::string owner_mark(const instance& where);

// Returns true when the state directory that the mark names no longer exists: the object belongs to no instance.
// Returns false for marks of another mount namespace, where other directories may exist, and for text that is no mark.
bool is_orphaned(const std::string& mark);

// Returns true when the root or the state directory that `where` opened no longer has its path: it was removed, and
// perhaps made anew. Kernel objects with the names of this instance then belong to another one.
bool was_replaced(const instance& where);

}  // namespace lxr
