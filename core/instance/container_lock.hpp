// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/instance/process_identity.hpp"

namespace lxr {

// The exclusive right to change one container: flock(2) on state/containers/<id>/lock. The kernel frees it when its
// holder dies.
// A process that creates or starts a container holds the lock from the beginning until the first process runs, but not
// while it waits for an image. Every other command holds it only while it judges the container's state and acts on
// that.
// Lifecycle: make_container_lock() for a new container, lock_container() or try_lock_container() for one that exists;
//   release() or the destructor frees it. These functions never return the lock of a container that was removed
//   meanwhile.
// Runs on: any thread.
// Owns: the descriptor of the lock file.
class container_lock {
 public:
  container_lock() = default;
  explicit container_lock(unique_fd held) : held_(std::move(held)) {}
  explicit operator bool() const noexcept { return static_cast<bool>(held_); }
  void release() noexcept { held_.reset(); }

 private:
  unique_fd held_;
};

// Creates state/containers/<id>/ of a new container and locks it. The first line of the lock file names the root
// directory that the container lies in, the second line the process that creates it (`maker`).
// Failure: throws errc::conflict when another process holds the lock of this id.
container_lock make_container_lock(const instance& where, const std::string& id, const process_identity& maker);

// How long commands wait for the process that holds a container's lock.
inline constexpr std::chrono::seconds lock_patience{20};

// Waits for the lock; tries every 1 to 20 ms. Creates the state directory again for a container that lost it in a
// reboot.
// Failure: throws errc::not_found when the container does not exist or no longer does, errc::conflict when another lxr
//   still holds the lock after `limit`.
// Cancel: terminal; nothing is left behind.
task<container_lock> lock_container(const instance& where, std::string id,
                                    std::chrono::milliseconds limit = lock_patience);
// Like lock_container() without waiting: returns an empty lock while another process holds it.
container_lock try_lock_container(const instance& where, const std::string& id);

// Opens the container's state directory; nullopt when it is missing (after a reboot, or once the container is removed).
std::optional<unique_fd> open_state_dir(const instance& where, const std::string& id);
// Returns the process that created the container, as the lock file says; pid 0 when the file is missing or incomplete.
process_identity maker_of(const instance& where, const std::string& id);
// Returns the ids that have a state directory, without the containers of other root directories that share it. A
// directory whose maker died before it wrote a root directory into the lock file counts as one of every root.
std::vector<std::string> list_states_of_this_root(const instance& where);

}  // namespace lxr
