// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "io/erofs/tree.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::layer {

// Reads the members of one layer while its tar is written, and keeps them as a tree for an EROFS index: overlayfs takes
// a mount of index and tar as a lower layer. As layer_writer does on a filesystem, it makes whiteouts character devices
// 0:0 and gives opaque directories trusted.overlay.opaque; directories that no member names are marked as implied.
// Lifecycle: a tar::sink; then make_index() and take_tree(), or give_up().
// Runs on: one pool thread at a time.
// Borrows: the budget.
// Failure: throws error{errc::corrupt} for members that no filesystem could hold, io::erofs::not_indexable for those
//   that EROFS cannot hold and when the budget has too little memory. Discard the object then.
class layer_index final : public io::tar::sink {
 public:
  // Throws io::erofs::not_indexable when the budget has too little memory.
  explicit layer_index(pull_budget& budget);
  void begin(const io::tar::entry& e) override;
  void holds(std::uint64_t bytes) override;
  void data(std::span<const std::byte>) override {}
  void end() override {}
  // Measures the members; the caller of the reader resumes it before each block.
  time_meter& time() noexcept { return time_; }

  [[nodiscard]] const io::erofs::tree& tree() const noexcept { return tree_; }
  // Returns the index over a data file of `data_size` bytes.
  [[nodiscard]] std::string make_index(std::uint64_t data_size);
  // Takes the layer's members back from the budget, because another driver is to store the layer.
  void give_up() noexcept { budget_.give_back_members(counted_); }
  // Returns the tree and the memory of the budget that it uses.
  std::pair<io::erofs::tree, memory_share> take_tree();
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }  // of all files

 private:
  struct place {
    io::erofs::node* directory;
    std::string name;
  };
  void note_metadata(const io::tar::entry& e);
  void take_memory(std::uint64_t beside_the_tree);
  void set_root(const io::tar::entry& e);
  bool handle_whiteout(const place& at, const std::string& path);
  void make(const io::tar::entry& e, const place& at);
  void make_directory(const io::tar::entry& e, const place& at);
  void make_hard_link(const io::tar::entry& e, const place& at);

  pull_budget& budget_;
  memory_share memory_;
  time_meter time_;
  io::erofs::tree tree_;
  std::uint64_t members_ = 0, bytes_ = 0;
  std::uint64_t counted_ = 0;              // members that the budget counted for this layer
  std::uint64_t metadata_ = 0, held_ = 0;  // bytes: of names, targets, attributes and extents; of the reader's headers
};

}  // namespace lxr::layer
