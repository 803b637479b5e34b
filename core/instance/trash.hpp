// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/instance/paths.hpp"

namespace lxr {

// root/trash/ and state/trash/ hold files and trees that a removal has renamed there, out of every other process's
// sight, and that are still to be deleted. A process that moves something there calls empty_trash() after it has freed
// its locks. The next empty_trash() also deletes what a dead process left there.

// Empties the trash, then waits 20 ms for other processes that are emptying it.
void make_room(const instance& where) noexcept;

// Moves a file or tree of the root directory to root/trash/, by one rename. Returns its new path; nullopt when it did
// not exist.
std::optional<std::string> move_to_trash(const instance& where, const std::string& path);
// The same for the state directory and state/trash/.
std::optional<std::string> move_state_to_trash(const instance& where, const std::string& path);
// Deletes all entries of root/trash/ and state/trash/, with 4 threads when there are more than 16. Reports no failure.
void empty_trash(const instance& where) noexcept;

// Calls `step` and returns its result. When `step` throws std::errc::no_space_on_device, empties the trash and calls it
// again, up to 25 times in about half a second: files that were removed a moment ago may still fill the disk, because
// processes delete them only afterwards.
// Failure: rethrows any other error at once, and the last error after 25 calls.
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
