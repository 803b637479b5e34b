#pragma once

#include "core/base/unique_fd.hpp"
#include "core/state/paths.hpp"
#include "pipeline/image/layer_target.hpp"

namespace lxr::image {

// The driver new layers are stored with: $LXR_STORE_DRIVER, or directories. Layers of either can always be used.
// Throws errc::invalid_argument for an unknown one, errc::unsupported for erofs where a trial mount shows that the kernel
// cannot lay an overlay over EROFS mounted from files.
store_driver choose_driver(const instance& where);

// A detached mount of a layer that the erofs driver wrote into this directory.
unique_fd mount_layer(int directory);

}  // namespace lxr::image
