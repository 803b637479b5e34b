#pragma once

#include <string>
#include <vector>

#include "io/erofs/tree.hpp"

namespace lxr::image {

// One index over all layers of an image: a root is then one EROFS and one overlay mount, however many layers there are.
// What every container mounts something on is there, empty, where the image lacks it: else each start would make it in
// the upper layer, and each removal would take it away.
// Lifecycle: add() the layers, lowest first; then bytes(), once.
// Failure: throws error{errc::exhausted} for what EROFS cannot hold.
class image_index {
 public:
  // `data_file`: of the layer, in the order its device is given to the mount, from 0; a layer may come twice.
  void add(io::erofs::tree layer, std::size_t data_file, std::uint64_t data_size);
  [[nodiscard]] std::string bytes();

 private:
  void add_mount_points();

  io::erofs::tree tree_;
  std::vector<std::uint64_t> data_sizes_;
};

}  // namespace lxr::image
