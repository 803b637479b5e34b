// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "pipeline/layer/image_index.hpp"

namespace lxr::layer {

// One layer in its directory of the store: a tree of files with its listing, or an indexed tar.
struct placed_layer {
  static placed_layer look_at(int directory);

  int directory;        // a borrowed descriptor
  std::uint64_t inode;  // of the directory; a repeated layer has the same one again
  bool is_tree = false, is_indexed = false;
  // Returns false for a layer that an earlier lxr stored without listing and index.
  [[nodiscard]] bool is_known() const noexcept { return is_tree || is_indexed; }
};

// Reads the tree of a layer of either kind. Throws errc::exhausted when the budget has too little memory, errc::corrupt
// when the listing or index is damaged.
loaded_tree tree_of(const placed_layer& l, pull_budget& budget);

}  // namespace lxr::layer
