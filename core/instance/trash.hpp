#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/instance/paths.hpp"

namespace lxr {

// root/trash/ and state/trash/: what is gone for everybody, and whose files are still to be deleted. Whoever moves something
// there empties it afterwards, without any lock; what a dead process left is taken by the next one.

// Empties the trash, and waits 20 ms for others who do.
void make_room(const instance& where) noexcept;

// Moves a file or tree of the root directory there; atomic. Its path now; empty when it was not there.
std::optional<std::string> move_to_trash(const instance& where, const std::string& path);
// The same with one of the state directory.
std::optional<std::string> move_state_to_trash(const instance& where, const std::string& path);
void empty_trash(const instance& where) noexcept;

// Does `step`. What was removed a moment ago may still take the room on a full disk, because others empty the trash behind
// themselves: where it finds no room the trash is emptied and it is done again, for half a second.
template <class Step>
auto with_room(const instance& where, Step step) {
  constexpr int attempts = 25;
  for (int attempt = 1;; ++attempt) {
    try {
      return step();
    } catch (const error& e) {
      if (e.code() != std::errc::no_space_on_device || attempt == attempts) throw;
    }
    make_room(where);
  }
}

}  // namespace lxr
