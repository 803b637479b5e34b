// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr {

// Opens the directory that holds an instance's state, creating it when it is missing.
//
// The state is lost in a reboot anyway, so writing it must not cost disk time. Where it lies:
// - on a tmpfs or ramfs at `path`: in `path` itself;
// - on a disk at `path` (a container or machine whose /run is on a disk): in /dev/shm/lxr-<random>, which our user owns
//   with no access for others. The names in `path` are symbolic links into it. After a reboot the links lead nowhere,
//   and the next open makes a new directory;
// - on a disk without a usable /dev/shm, or with real directories in `path` already: in `path` itself.
// Making a directory in /dev/shm also sweeps those whose `path` was removed.
// Failure: throws lxr::error; errc::conflict when the links lead into the /dev/shm of another mount namespace.
unique_fd open_state_directory(const std::string& path);

// Returns the directory of /dev/shm that holds the state of `path`; "" when the state lies in `path` itself. For
// display.
std::string memory_of(const std::string& path);

// The directories in every state directory, in the order of creation: where the last one exists, all others do.
inline constexpr const char* state_parts[] = {"names", "networks", "mounts", "trash", "containers"};

}  // namespace lxr
