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

// The changes for set_attributes(): arguments of mount_setattr(2), Linux 5.12.
struct bind_attributes {
  std::uint64_t set = 0, clear = 0;  // MOUNT_ATTR_*
  std::uint64_t propagation = 0;     // MS_PRIVATE, MS_SHARED, MS_SLAVE or MS_UNBINDABLE; 0: unchanged
  bool recursive = false;            // also change the mounts below
};
// Makes no system call when `how` changes nothing. `subject` names the mount in errors.
void set_attributes(int mount, const std::string& subject, const bind_attributes& how);

}  // namespace lxr::io::mount
