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

// The exclusive right to change one container: flock(2) on state/containers/<id>/lock, freed when its holder dies.
// Whoever makes or starts a container holds it from the first instant until the first process runs (except while it waits for
// an image); every other command holds it for the instant in which it judges the container's state and acts on that.
// Lifecycle: make_container_lock() for a new container, lock_container() or try_lock_container() for one that exists.
// Owns: the descriptor. A lock of a container that was removed meanwhile is never handed out.
class container_lock {
 public:
  container_lock() = default;
  explicit container_lock(unique_fd held) : held_(std::move(held)) {}
  explicit operator bool() const noexcept { return static_cast<bool>(held_); }
  void release() noexcept { held_.reset(); }

 private:
  unique_fd held_;
};

// Makes state/containers/<id>/ of a new container and locks it. The lock file says in its first line which root directory the
// container lies in and in its second which process makes it.
container_lock make_container_lock(const instance& where, const std::string& id, const process_identity& maker);

// How long commands wait for others that hold a container's lock.
inline constexpr std::chrono::seconds lock_patience{20};

// Waits for the lock; throws errc::not_found when the container does not exist (any more), errc::conflict naming the holder's
// business when it was not freed within `limit`. Makes the state directory of a container that lost it in a reboot.
// Cancel: terminal.
task<container_lock> lock_container(const instance& where, std::string id, std::chrono::milliseconds limit = lock_patience);
// The same without waiting: an empty lock while somebody else holds it.
container_lock try_lock_container(const instance& where, const std::string& id);

// The container's state directory; empty when it is missing (after a reboot, or once the container is removed).
std::optional<unique_fd> open_state_dir(const instance& where, const std::string& id);
// Who made the container, as its lock file says; no process when that is not there.
process_identity maker_of(const instance& where, const std::string& id);
// The ids that have a state directory, without those of other root directories that share it. A directory whose maker died
// before it said whose it is belongs to everybody.
std::vector<std::string> list_states_of_this_root(const instance& where);

}  // namespace lxr
