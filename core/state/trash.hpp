#pragma once

#include <string>

#include "core/state/paths.hpp"

namespace lxr {

// root/trash/: what is gone for everybody, and whose files are still to be deleted. Whoever moves something there empties
// it afterwards, without any lock; what a dead process left is taken by the next one.

// Moves a file or tree of the root directory there; atomic. False when it was not there.
bool move_to_trash(const instance& where, const std::string& path);
void empty_trash(const instance& where) noexcept;

}  // namespace lxr
