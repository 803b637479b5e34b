// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/instance/paths.hpp"
#include "pipeline/layer/layer_files.hpp"

namespace lxr::store {

// Returns the driver that new layers are stored with: $LXR_STORE_DRIVER or, if that is not set, the result of a trial
// mount of a root with a writable layer: erofs where the kernel mounts an overlay over EROFS from files, else
// directories. Committed layers of both drivers can always be used.
// Failure: throws errc::invalid_argument for an unknown driver; errc::unsupported when erofs is asked for and does not
//   work, or when the store's filesystem cannot carry a writable layer (such as another overlayfs).
layer::store_driver choose_driver(const instance& where);

}  // namespace lxr::store
