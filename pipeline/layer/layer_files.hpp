#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

// How a committed layer lies in its directory.
namespace lxr::layer {

// `directories` is a tree of files under root/; `erofs` is the tar itself, data.tar, with an EROFS index over it, index.erofs, and
// makes no file per member.
enum class store_driver { directories, erofs };
const char* to_string(store_driver driver);

// What the erofs driver calls the files of a layer; an image's index has the same name.
inline constexpr const char *index_file = "index.erofs", *data_file = "data.tar";
// Throws errc::corrupt when it is not there.
std::string read_layer_index(int directory);

// An empty file in the directory of a layer, or image, that was committed without being synced.
inline constexpr const char* unsynced_mark = "unsynced";

// A detached mount of a layer that the erofs driver wrote into this directory.
unique_fd mount_layer(int directory);

}  // namespace lxr::layer
