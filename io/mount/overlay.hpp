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
};

// A detached overlay mount (nodev, volatile: its upper layer is not synced); it vanishes with its last descriptor unless
// it is moved into a mount namespace. Source: Documentation/filesystems/overlayfs.rst, fsopen(2), fsconfig(2).
// Throws error{errc::unsupported} when the kernel has no overlayfs, error{errc::exhausted} for too many layers.
unique_fd mount_overlay(const overlay_layers& layers, overlay_api newest = overlay_api::descriptors);

// A detached mount of one file or directory, to be moved into another mount namespace (open_tree(2)).
unique_fd clone_mount(int dir, const std::string& name);

}  // namespace lxr::io::mount
