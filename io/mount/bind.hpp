// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// Returns a detached copy of the mount that holds `path` (relative to the directory `base`) with `path` as its root;
// with `recursive` also copies of the mounts below (open_tree(2), Linux 5.2). A symbolic link at the end of `path` is
// followed, as mount(8) does.
// Failure: throws errc::not_found when `path` does not exist, else lxr::error.
unique_fd clone_mount(int base, const std::string& path, bool recursive);

// Returns such a copy of a directory of another mount namespace, `of` (the path of /proc/PID/ns/mnt). Symbolic links
// anywhere in `path` are an error: they are whose namespace it is. Runs on: one thread, which is in that namespace
// meanwhile; others are not. Failure: throws lxr::error.
unique_fd clone_mount_of(const std::string& of, const std::string& path);

// The changes for set_attributes(): arguments of mount_setattr(2), Linux 5.12.
struct bind_attributes {
  std::uint64_t set = 0, clear = 0;  // MOUNT_ATTR_*
  std::uint64_t propagation = 0;     // MS_PRIVATE, MS_SHARED, MS_SLAVE or MS_UNBINDABLE; 0: unchanged
  bool recursive = false;            // also change the mounts below
};
// Makes no system call when `how` changes nothing. `subject` names the mount in errors.
void set_attributes(int mount, const std::string& subject, const bind_attributes& how);

// Makes a detached mount show its files with other owners: id 0 of a file is id 0 of the user namespace `users`, and so
// on; an id without a mapping there is the overflow id (mount_setattr(2), MOUNT_ATTR_IDMAP, Linux 5.12).
// Failure: throws errc::unsupported for a filesystem that cannot be mapped, else lxr::error.
void map_ids(int mount, const std::string& subject, int users, bool recursive);

// With which ids a container sees its files.
struct file_ids {
  int users = -1;                  // the user namespace to map them with; -1: as they are
  std::uint32_t uid = 0, gid = 0;  // the host's ids of who is root there
};

// Returns a detached copy of the mount that a directory descriptor is in, with that directory as its root and mapped as
// map_ids() does.
unique_fd clone_mapped(int directory, const std::string& subject, int users);

}  // namespace lxr::io::mount
