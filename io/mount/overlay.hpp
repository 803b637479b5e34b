#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// How layers are handed to overlayfs. All give a detached mount; each older way is tried when the kernel lacks the newer.
enum class overlay_api {
  descriptors,  // lowerdir+, upperdir, workdir by FSCONFIG_SET_FD: Linux 6.13
  paths,        // lowerdir+ by path: Linux 6.8
  one_string,   // one lowerdir string of at most 255 bytes, so some 60 layers: Linux 5.2
};

struct overlay_layers {
  std::vector<int> lowers;  // directory descriptors, uppermost first
  int upper = -1, work = -1;
  // The upper layer is never synced: fsync(2) in it does nothing, and what a crash of the host leaves is undefined (Linux 5.10).
  bool is_volatile = false;
};

// A detached overlay mount (nodev); it vanishes with its last descriptor unless
// it is moved into a mount namespace. Source: Documentation/filesystems/overlayfs.rst, fsopen(2), fsconfig(2).
// Throws error{errc::unsupported} when the kernel has no overlayfs, error{errc::exhausted} for too many layers.
unique_fd mount_overlay(const overlay_layers& layers, overlay_api newest = overlay_api::descriptors);

// A detached mount of one file, to be moved into another mount namespace (open_tree(2), mount_setattr(2)): nosuid, nodev,
// noexec, and read-only on request.
unique_fd mount_file(int dir, const std::string& name, bool read_only);

}  // namespace lxr::io::mount
