// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"

namespace lxr::launch {

// MS_PRIVATE of <sys/mount.h>, which clashes with <linux/mount.h> in glibc 2.36.
inline constexpr std::uint64_t ms_private = 1 << 18;

// The options of a mount of the spec, by what they are to the kernel (config.md, "Linux mount options"; mount(8)).
struct mount_options {
  std::uint64_t set = 0, clear = 0;                      // MOUNT_ATTR_* of the mount itself (mount_setattr(2))
  std::uint64_t recursive_set = 0, recursive_clear = 0;  // of the mount and the mounts below it ("rro")
  std::uint64_t propagation = 0;                         // MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE; 0: unchanged
  bool recursive_propagation = false;                    // also of the mounts below it ("rslave")
  bool is_bind = false, is_recursive = false;            // "bind", "rbind"
  bool is_copied = false;                                // "tmpcopyup": begins with what it covers
  bool maps_ids = false, maps_ids_below = false;         // "idmap"; "ridmap": the mounts below it too
  std::vector<std::string> of_filesystem;                // all other words, which go to the filesystem: "size=64k"
};

// Failure: throws errc::unsupported for "remount"; errc::invalid_argument for ids of
//   anything but a bind mount, and for "tmpcopyup" of anything but a tmpfs.
mount_options read_mount_options(const oci::mount_spec& mount);

// Returns the flags of mount(2) for linux.rootfsPropagation: "rslave" gives MS_SLAVE | MS_REC. Returns 0 for "private",
// which the root is anyway, and for a word that names no propagation.
std::uint64_t propagation_flags(const std::string& word);

}  // namespace lxr::launch
