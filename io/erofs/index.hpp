#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "io/erofs/tree.hpp"

namespace lxr::io::erofs {

// The bytes of an EROFS image of the tree that holds metadata only: the content of files stays where it lies in other
// files, the extra devices of the mount, of these many bytes each (node::device counts them from 1).
// Failure: throws not_indexable for what the format cannot hold, and for more than 1 GiB.
// `allow` is told, before it is taken, how much memory is used beside the tree; it may throw.
using memory_check = std::function<void(std::uint64_t bytes)>;
std::string make_index(const tree& of, std::span<const std::uint64_t> data_sizes, const memory_check& allow = [](std::uint64_t) {});

// How many inodes an index has; 0 for bytes that are none.
std::uint64_t node_count(std::span<const std::byte> index);
// The tree that make_index() was given. Failure: throws error{errc::corrupt} for bytes it did not make.
tree read_index(std::span<const std::byte> index);

}  // namespace lxr::io::erofs
