#pragma once

#include <string>

#include "core/instance/paths.hpp"

namespace lxr {

// What lxr writes to the objects it makes in the kernel for an instance (alias of a link, comment of an nft table, attribute
// of a cgroup): "lxr MOUNTNAMESPACE STATEDIRECTORY". Empty when the directory's name is too long to be kept there.
std::string owner_mark(const instance& where);

// Whether an object with this mark belongs to nobody: its instance's state directory is gone. False for marks of another mount
// namespace, where other directories may exist, and for what is no mark.
bool is_orphaned(const std::string& mark);

// Whether an instance's directories are no longer those that `where` opened: removed, perhaps made anew. What has their
// names in the kernel is then another's.
bool was_replaced(const instance& where);

}  // namespace lxr
