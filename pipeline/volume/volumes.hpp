// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "core/model/options/storage.hpp"
#include "io/mount/bind.hpp"

// Volumes: directories that outlive the containers that have them mounted, root/volumes/<name>/ with
//   volume.json   the record
//   _data/        the files
// The lock of the directory root/volumes orders what happens to them: who creates a container holds it shared from the
// creation of its volumes until its configuration names them; a removal holds it alone.
// Runs on: any thread. Functions block for a few system calls, and where they take the lock for at most 2 s, in which
//   another process may hold it; then they throw errc::conflict.
namespace lxr::volume {

struct volume_record {
  std::string name;
  std::int64_t created_ns = 0;  // of Unix time
  std::map<std::string, std::string> labels;
  bool is_anonymous = false;  // named by lxr for one container
  bool is_fresh = false;      // it is empty: it begins with what the image of the first container has at its target
  bool is_filling = false;    // a copy into it began and has not ended
};

// Holds the lock of the volumes.
unique_fd lock_shared(const instance& where);
unique_fd lock_alone(const instance& where);

// Creates a volume; the caller holds the lock. Returns false when there is one of that name.
// Failure: throws errc::invalid_argument for a name that is none, else lxr::error.
bool create(const instance& where, const volume_record& wanted);
// Returns the record; nullopt when there is no such volume.
std::optional<volume_record> find(const instance& where, const std::string& name);
std::vector<volume_record> list(const instance& where);  // sorted by name
// The names of the containers that have each volume among their mounts; the caller holds the lock.
// Failure: throws lxr::error for a container whose record cannot be read: it may have any of them.
std::map<std::string, std::vector<std::string>> users(const instance& where);
// Removes a volume that no container has mounted.
// Failure: throws errc::not_found, and errc::conflict naming the containers that have it.
void remove(const instance& where, const std::string& name);
// Removes all volumes that no container has mounted; without `all` only anonymous ones. Returns their names, and the
// bytes on disk that were freed.
struct pruned {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};
pruned prune(const instance& where, bool all);

// Makes sure that the volumes of these mounts exist, and names anonymous ones. The caller holds the lock.
void provide(const instance& where, std::vector<mount_request>& mounts);
// Copies what `root` has at the target into each of these volumes that is fresh; the first container that comes does
// it, and others wait. `root` is the container's root, not mounted anywhere, and stays open; `ids` are those
// it sees files with.
// Runs on: the loop's strand; it blocks while files are copied.
// Failure: throws lxr::error naming the path that cannot be copied, errc::conflict when another process is at it for
//   five minutes.
// Cancel: terminal, while it waits for another process.
task<void> fill(const instance& where, std::vector<mount_request> mounts, int root, io::mount::file_ids ids = {});
// Removes the anonymous volumes of a container that is gone. One that another container has by now is kept.
void remove_anonymous(const instance& where, const std::vector<mount_request>& mounts) noexcept;

}  // namespace lxr::volume
