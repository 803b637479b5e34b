#pragma once

#include <optional>
#include <string>

#include "core/state/paths.hpp"

namespace lxr {

// root/trash/ and state/trash/: what is gone for everybody, and whose files are still to be deleted. Whoever moves something
// there empties it afterwards, without any lock; what a dead process left is taken by the next one.

// Moves a file or tree of the root directory there; atomic. Its path now; empty when it was not there.
std::optional<std::string> move_to_trash(const instance& where, const std::string& path);
// The same with one of the state directory.
std::optional<std::string> move_state_to_trash(const instance& where, const std::string& path);
void empty_trash(const instance& where) noexcept;

}  // namespace lxr
