// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/digest.hpp"
#include "io/erofs/index.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::layer {

// Builds one EROFS index over all layers of an image: a container root is then one EROFS and one overlay mount, however
// many layers there are. It adds, empty, the mount points that every container needs and the image lacks: else each
// start would create them in the upper layer, and each removal would delete them.
// Lifecycle: add() the layers, lowest first; then bytes(), once.
// Runs on: one thread at a time.
// Failure: throws io::erofs::not_indexable (errc::unsupported) for what EROFS cannot hold.
class image_index {
 public:
  // `place` is the position of the layer's data file in the list of devices of the mount, from 0; a repeated layer has
  // the same place again. `data_size` is the file's size in bytes.
  void add(io::erofs::tree layer, std::size_t place, std::uint64_t data_size);
  [[nodiscard]] std::string bytes(const io::erofs::memory_check& allow);

 private:
  void add_mount_points();

  io::erofs::tree tree_;
  std::vector<std::uint64_t> data_sizes_;
};

// Returns the digests without repetitions, in order: the data files of an image as its index counts them.
std::vector<oci::digest> distinct(const std::vector<oci::digest>& digests);

// A tree in memory, and the memory of the budget that it uses.
struct loaded_tree {
  io::erofs::tree members;
  memory_share memory;
};

// Returns the index over the layers in these directories of the store, lowest first. `loaded` holds trees that are in
// memory already, by position of their layers. Returns "" when a layer has no index of its own, or when EROFS or the
// budget's memory cannot hold one over all: then each layer is mounted by itself. Throws errc::corrupt for a layer
// whose index is missing.
std::string make_image_index(const std::vector<unique_fd>& layers, const std::vector<oci::digest>& diff_ids,
                             pull_budget& budget, std::map<std::size_t, loaded_tree> loaded = {});

// Returns the tree of an indexed layer in its directory of the store. Throws errc::exhausted when the budget has too
// little memory, errc::corrupt when the index is missing.
loaded_tree read_layer_tree(int directory, pull_budget& budget);

}  // namespace lxr::layer
