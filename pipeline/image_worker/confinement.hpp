// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/instance/paths.hpp"

namespace lxr::image_worker {

// Gives up what pulling an image does not need; called before the first byte from outside is read. What remains:
// - capabilities: those for creating files of any owner and mode, and CAP_SYS_ADMIN for overlayfs' attribute
//   trusted.overlay.opaque only (Landlock forbids mounting);
// - no new privileges by exec;
// - files, where the kernel has Landlock (Linux 5.13): writing in the store, reading in the system's configuration,
//   libraries and certificates, and in `layout`, the image layout that is pulled (empty: none).
// Failure: throws lxr::error.
void confine(const instance& where, const std::string& layout = {});

}  // namespace lxr::image_worker
