// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::mount {

// The ways to give layers to overlayfs, newest first. mount_overlay() tries an older one when the kernel lacks the
// newer.
enum class overlay_api {
  descriptors,  // lowerdir+, upperdir, workdir by FSCONFIG_SET_FD: Linux 6.13
  paths,        // lowerdir+ by path: Linux 6.8
  one_string,   // one lowerdir string of at most 255 bytes, some 60 layers: Linux 5.2
};

struct overlay_layers {
  std::vector<int> lowers;  // directory descriptors, uppermost first
  int upper = -1, work = -1;
  // True: overlayfs never syncs the upper layer. fsync(2) in it does nothing, and after a crash of the host its content
  // is undefined (Linux 5.10).
  bool is_volatile = false;
};

// Returns a detached overlay mount (nodev). It vanishes with its last descriptor unless it is moved into a mount
// namespace. overlayfs works in the layers with the credentials of the calling thread, which has to be known in layers
// that are mapped (bind.hpp, acting_as.hpp). Source: Documentation/filesystems/overlayfs.rst, fsopen(2), fsconfig(2).
// Failure: throws error{errc::unsupported} when the kernel has no overlayfs, error{errc::exhausted} for too many
//   layers.
unique_fd mount_overlay(const overlay_layers& layers, overlay_api newest = overlay_api::descriptors);

// Returns a detached mount of one file, for another mount namespace (open_tree(2), mount_setattr(2)): nosuid, nodev,
// noexec and, with `read_only`, read-only.
unique_fd mount_file(int dir, const std::string& name, bool read_only);

}  // namespace lxr::io::mount
