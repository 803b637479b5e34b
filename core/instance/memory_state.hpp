#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr {

// Opens the directory that an instance's state lies in, making it when it is missing.
//
// What is lost in a reboot all the same must not cost disk time: where `path` is not on a tmpfs (a container or a machine whose
// /run is on a disk), the state lies in a directory of /dev/shm, lxr-<random>, which belongs to us and is closed to others, and
// the names in `path` are symbolic links to those in it. After a reboot the links lead nowhere and a new directory is made. Where
// there is no usable /dev/shm the state stays on the disk.
// Directories of /dev/shm whose `path` was removed are swept when another one is made.
unique_fd open_state_directory(const std::string& path);

// Where the state of `path` lies in memory; empty when it lies in `path` itself. For people.
std::string memory_of(const std::string& path);

// The directories in every state directory. The last one is made last: with it, the others are there.
inline constexpr const char* state_parts[] = {"names", "networks", "mounts", "trash", "containers"};

}  // namespace lxr
