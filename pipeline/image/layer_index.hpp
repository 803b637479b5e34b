#pragma once

#include <string>

#include "io/erofs/tree.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/image/member.hpp"

namespace lxr::image {

// Learns the members of one layer while its tar streams by, as a tree to make an EROFS index of: overlayfs takes a mount of
// index and tar as a lower layer. Whiteouts become character devices 0:0, opaque directories get trusted.overlay.opaque,
// as layer_writer makes them on a filesystem; parents that no member names are marked as implied.
// Lifecycle: a tar::sink; then tree() or take_tree().
// Runs on: one pool thread at a time.
// Failure: throws error{errc::corrupt} for members that no filesystem could hold.
class layer_index final : public io::tar::sink {
 public:
  explicit layer_index(layer_limits limits = {});
  void begin(const io::tar::entry& e) override;
  void data(std::span<const std::byte>) override {}
  void end() override {}

  [[nodiscard]] const io::erofs::tree& tree() const noexcept { return tree_; }
  io::erofs::tree take_tree() { return std::move(tree_); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }  // of all files

 private:
  struct place {
    io::erofs::node* directory;
    std::string name;
  };
  void count_metadata(const io::tar::entry& e);
  void set_root(const io::tar::entry& e);
  bool handle_whiteout(const place& at, const std::string& path);
  void make(const io::tar::entry& e, const place& at);
  void make_directory(const io::tar::entry& e, const place& at);
  void make_hard_link(const io::tar::entry& e, const place& at);

  layer_limits limits_;
  io::erofs::tree tree_;
  std::uint64_t members_ = 0, bytes_ = 0, metadata_ = 0;
};

}  // namespace lxr::image
