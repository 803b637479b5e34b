#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/digest.hpp"
#include "io/erofs/index.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::layer {

// One index over all layers of an image: a root is then one EROFS and one overlay mount, however many layers there are.
// What every container mounts something on is there, empty, where the image lacks it: else each start would make it in
// the upper layer, and each removal would take it away.
// Lifecycle: add() the layers, lowest first; then bytes(), once.
// Failure: throws error{errc::exhausted} for what EROFS cannot hold.
class image_index {
 public:
  // `place`: of the layer's data file, in the order its device is given to the mount, from 0; a layer may come twice.
  void add(io::erofs::tree layer, std::size_t place, std::uint64_t data_size);
  [[nodiscard]] std::string bytes(const io::erofs::memory_check& allow);

 private:
  void add_mount_points();

  io::erofs::tree tree_;
  std::vector<std::uint64_t> data_sizes_;
};

// The digests of a list without repetitions: an image's data files in the order in which its index counts them.
std::vector<oci::digest> distinct(const std::vector<oci::digest>& digests);

// A tree that is at hand, and what it takes of the budget.
struct ready_tree {
  io::erofs::tree members;
  memory_share memory;
};

// The index over the layers in these directories of the store, lowest first. `ready`: trees that are at hand, by the places of
// their layers. Empty when a layer has no index of its own, or one over all would be too large, for EROFS or for the memory of the
// budget: then each is mounted for itself. Throws errc::corrupt for a layer whose index is missing.
std::string make_image_index(const std::vector<unique_fd>& layers, const std::vector<oci::digest>& diff_ids, pull_budget& budget, std::map<std::size_t, ready_tree> ready = {});

// The tree of one layer in its directory of the store. Throws errc::exhausted where the budget has too little memory, errc::corrupt
// for a layer whose index is missing.
ready_tree read_layer_tree(int directory, pull_budget& budget);

}  // namespace lxr::layer
