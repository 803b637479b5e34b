#pragma once

#include <cstdint>
#include <string>

#include "io/erofs/tree.hpp"

namespace lxr::io::erofs {

// The bytes of an EROFS image of the tree that holds metadata only: the content of files stays where it lies in a second
// file, the extra device of the mount, of `data_size` bytes. Blocks are of 512 bytes, so that content may lie as in a tar.
// Source: Linux, Documentation/filesystems/erofs.rst and fs/erofs/erofs_fs.h; needs Linux 6.4 (blocks below a page).
// Failure: throws error{errc::exhausted} for what the format cannot hold.
std::string make_index(const tree& of, std::uint64_t data_size);

}  // namespace lxr::io::erofs
