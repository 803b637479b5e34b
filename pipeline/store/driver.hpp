#pragma once

#include <string>

#include "core/base/unique_fd.hpp"
#include "core/instance/paths.hpp"
#include "pipeline/layer/layer_target.hpp"

namespace lxr::image {

// The driver new layers are stored with: $LXR_STORE_DRIVER, or what a trial mount shows, of a whole root with a writable layer:
// erofs where the kernel lays an overlay over EROFS mounted from files, else directories. Layers of either can always be used.
// Throws errc::invalid_argument for an unknown one, errc::unsupported for erofs where it was asked for and does not work, and for a
// store whose filesystem cannot carry a writable layer (another overlayfs).
store_driver choose_driver(const instance& where);

// What the erofs driver calls the files of a layer; an image's index has the same name.
inline constexpr const char *index_file = "index.erofs", *data_file = "data.tar";
// Throws errc::corrupt when it is not there.
std::string read_layer_index(int directory);

// An empty file in the directory of a layer, or image, that was committed without being synced.
inline constexpr const char* unsynced_mark = "unsynced";

// A detached mount of a layer that the erofs driver wrote into this directory.
unique_fd mount_layer(int directory);

}  // namespace lxr::image
