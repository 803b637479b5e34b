// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::launch {

// MS_PRIVATE of <sys/mount.h>, which clashes with <linux/mount.h> in glibc 2.36.
inline constexpr std::uint64_t ms_private = 1 << 18;

// What the options of a mount of the spec mean to the kernel (mount(8), mount_setattr(2), runtime-spec config.md "Linux
// mount options").
struct mount_options {
  std::uint64_t set = 0, clear = 0;                      // MOUNT_ATTR_* of the mount itself
  std::uint64_t recursive_set = 0, recursive_clear = 0;  // of the mounts below it too ("rro")
  std::uint64_t propagation = 0;                         // MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE; 0: as it is
  bool recursive_propagation = false;
  bool is_bind = false, is_recursive = false;  // "bind", "rbind"
  std::vector<std::string> of_filesystem;      // what is left: options of the filesystem, "size=64k"
};

// Throws errc::unsupported for words that are known and not done yet: "idmap", "ridmap", "tmpcopyup", "remount".
mount_options read_mount_options(const oci::mount_spec& mount);

// MS_* of linux.rootfsPropagation, "rslave"; 0 for none, and for a private root, which every root is.
std::uint64_t propagation_flags(const std::string& word);

}  // namespace lxr::launch
