#pragma once

#include <string>

#include "io/erofs/tree.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/budget.hpp"

namespace lxr::layer {

// Learns the members of one layer while its tar streams by, as a tree to make an EROFS index of: overlayfs takes a mount of
// index and tar as a lower layer. Whiteouts become character devices 0:0, opaque directories get trusted.overlay.opaque,
// as layer_writer makes them on a filesystem; parents that no member names are marked as implied.
// Lifecycle: a tar::sink; then tree() or take_tree().
// Runs on: one pool thread at a time.
// Failure: throws error{errc::corrupt} for members that no filesystem could hold.
class layer_index final : public io::tar::sink {
 public:
  // Borrows the budget. Throws io::erofs::not_indexable when that has too little memory.
  explicit layer_index(pull_budget& budget);
  void begin(const io::tar::entry& e) override;
  void holds(std::uint64_t bytes) override;
  void data(std::span<const std::byte>) override {}
  void end() override {}
  // Of what members take; whoever feeds them resumes it.
  time_meter& time() noexcept { return time_; }

  [[nodiscard]] const io::erofs::tree& tree() const noexcept { return tree_; }
  // The index over the data file of this size.
  [[nodiscard]] std::string make_index(std::uint64_t data_size);
  // The tree, and what it takes of the budget.
  // The layer is stored in another way: its members do not count.
  void give_up() noexcept { budget_.give_back_members(counted_); }
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
  std::uint64_t counted_ = 0;  // by the budget
  std::uint64_t metadata_ = 0, held_ = 0;  // bytes: of names, targets, attributes, extents; in the reader
};

}  // namespace lxr::layer
