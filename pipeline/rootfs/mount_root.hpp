// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "core/base/unique_fd.hpp"
#include "io/mount/bind.hpp"

namespace lxr::rootfs {

// Returns the root of a container, a detached mount: its writable layer over the layers of its image, uppermost first.
// `data` is the container's directory, prepared (writable_layer.hpp). With a user namespace all layers are mapped: so
// files keep the ids of the image, those that the container writes too, and nothing is chowned.
// Runs on: one thread, which acts as the container's root meanwhile.
// Failure: as io::mount::mount_overlay() and io::mount::map_ids().
unique_fd mount_root(int data, const std::vector<unique_fd>& layers, bool is_volatile, const io::mount::file_ids& ids);

}  // namespace lxr::rootfs
