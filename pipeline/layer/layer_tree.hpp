#pragma once

#include <cstdint>

#include "pipeline/layer/image_index.hpp"

namespace lxr::layer {

// One layer as it lies in the store: a tree of files with its listing, or an indexed tar.
struct placed_layer {
  static placed_layer look_at(int directory);

  int directory;        // borrowed
  std::uint64_t inode;  // of the directory: a repeated layer has the same one
  bool is_tree = false, is_indexed = false;
  [[nodiscard]] bool is_known() const noexcept { return is_tree || is_indexed; }  // else an earlier lxr stored it
};

// Its tree in memory, of either kind. Throws errc::exhausted where the budget has too little memory, errc::corrupt where listing or
// index are damaged.
ready_tree tree_of(const placed_layer& l, pull_budget& budget);

}  // namespace lxr::layer
