// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "core/base/unique_fd.hpp"

// The files of a committed layer in its directory of the store.
namespace lxr::layer {

// - directories: a tree of files under root/, and its listing;
// - erofs: the tar itself, data.tar, and an EROFS index over it, index.erofs; no file per member.
enum class store_driver { directories, erofs };
const char* to_string(store_driver driver);

// The names of the files that the erofs driver writes; the index of an image has the same name.
inline constexpr const char *index_file = "index.erofs", *data_file = "data.tar";
// Returns the index of a layer. Throws errc::corrupt when it is missing.
std::string read_layer_index(int directory);

// The name of an empty file in the directory of a layer or image that was committed without being synced.
inline constexpr const char* unsynced_mark = "unsynced";

// Returns a detached mount of a layer that the erofs driver wrote into `directory`.
unique_fd mount_layer(int directory);

}  // namespace lxr::layer
