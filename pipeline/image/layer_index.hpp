#pragma once

#include <string>

#include "io/erofs/tree.hpp"
#include "io/tar/reader.hpp"

namespace lxr::image {

// Learns the members of one layer while its tar streams by, and makes the EROFS index over it: overlayfs takes a mount of
// index and tar as a lower layer. Whiteouts become character devices 0:0, opaque directories get trusted.overlay.opaque,
// as layer_writer makes them on a filesystem.
// Lifecycle: a tar::sink; then index().
// Runs on: one pool thread at a time.
// Failure: throws error{errc::corrupt} for members that no filesystem could hold.
class layer_index final : public io::tar::sink {
 public:
  void begin(const io::tar::entry& e) override;
  void data(std::span<const std::byte>) override {}
  void end() override {}

  // The bytes of the index; `archive_size` is that of the whole tar.
  [[nodiscard]] std::string index(std::uint64_t archive_size) const;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }  // of all files

 private:
  struct place {
    io::erofs::node* directory;
    std::string name;
  };
  void set_root(const io::tar::entry& e);
  bool handle_whiteout(const place& at, const std::string& path);
  void make(const io::tar::entry& e, const place& at);
  void make_directory(const io::tar::entry& e, const place& at);
  void make_hard_link(const io::tar::entry& e, const place& at);

  io::erofs::tree tree_;
  std::uint64_t members_ = 0, bytes_ = 0;
};

}  // namespace lxr::image
