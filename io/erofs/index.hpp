// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "io/erofs/tree.hpp"

namespace lxr::io::erofs {

// Returns an EROFS image that holds the metadata of `of` only. The content of files stays in data files, which are the
// extra devices of the mount; `data_sizes` are their sizes in bytes (node::device counts them from 1).
// Calls `allow` before it takes memory, with the number of bytes that it uses beside the tree; `allow` may throw.
// Failure: throws not_indexable for what the format cannot hold, and for an image of more than 1 GiB.
using memory_check = std::function<void(std::uint64_t bytes)>;
std::string make_index(
    const tree& of, std::span<const std::uint64_t> data_sizes, const memory_check& allow = [](std::uint64_t) {});

// Returns the number of inodes of an index; 0 for bytes that are no index.
std::uint64_t node_count(std::span<const std::byte> index);
// Returns the tree that make_index() was given.  Failure: throws error{errc::corrupt} for bytes that make_index() did
// not make.
tree read_index(std::span<const std::byte> index);

}  // namespace lxr::io::erofs
