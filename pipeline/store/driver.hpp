#pragma once

#include "core/instance/paths.hpp"
#include "pipeline/layer/layer_files.hpp"

namespace lxr::store {

// The driver new layers are stored with: $LXR_STORE_DRIVER, or what a trial mount shows, of a whole root with a writable layer:
// erofs where the kernel lays an overlay over EROFS mounted from files, else directories. Layers of either can always be used.
// Throws errc::invalid_argument for an unknown one, errc::unsupported for erofs where it was asked for and does not work, and for a
// store whose filesystem cannot carry a writable layer (another overlayfs).
layer::store_driver choose_driver(const instance& where);

}  // namespace lxr::store
