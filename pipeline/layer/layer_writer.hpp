// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/budget.hpp"
#include "pipeline/layer/checksums.hpp"
#include "pipeline/layer/layer_directories.hpp"

namespace lxr::layer {

// A file of 1 MiB or more, whose pieces are written while the tar is read on. Opened for direct I/O where possible;
// finish() sets its size, attributes and times.
struct large_file {
  unique_fd fd;
  std::string path;
  std::uint64_t size = 0;
  std::int64_t mtime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::map<std::string, std::string> xattrs;
  bool direct = false;  // writes are padded to pages of 4,096 bytes, and finish() cuts the file to its size

  void finish() const;
};

// A piece of a large file: page-aligned memory. Offset and size are multiples of the page size, except the size of the
// last piece without direct I/O.
struct pending_write {
  struct free_deleter {
    void operator()(std::byte* p) const noexcept;
  };
  std::shared_ptr<large_file> file;
  std::unique_ptr<std::byte[], free_deleter> data;
  std::size_t size = 0;
  std::uint64_t offset = 0;
};

// Writes the members of one layer into an empty directory, in the form that overlayfs takes as a lower layer: whiteouts
// become character devices 0:0, opaque directories get trusted.overlay.opaque (OCI image-spec, layer.md; Linux,
// overlayfs.rst). Every path is resolved inside the directory, by descriptor, so nothing outside can be reached.
// Lifecycle: a tar::sink; then finish(). After each reader::feed() the caller writes what take_writes() returns, and
//   calls large_file::finish() for what take_finished() returns once their pieces are written.
// Runs on: one pool thread at a time.
// Owns: the descriptors of the directory, its root and the open files.
// Borrows: the budget.
// Failure: throws; the directory then holds a part of the layer, and the caller discards it.
class layer_writer final : public io::tar::sink {
 public:
  // `directory` is the layer's directory, for the listing; `root` is root/ in it, for the files.
  layer_writer(unique_fd directory, unique_fd root, pull_budget& budget);

  void begin(const io::tar::entry& e) override;
  void data(std::span<const std::byte> bytes) override;
  void hole(std::uint64_t size) override;
  void holds(std::uint64_t bytes) override;
  void end() override;
  // Measures the members; the caller of the reader resumes it before each block.
  time_meter& time() noexcept { return time_; }
  // Sets what later members would have changed (times of directories) or been affected by (default ACLs), and writes
  // the listing.
  void finish();

  std::vector<pending_write> take_writes() { return std::exchange(writes_, {}); }
  std::vector<std::shared_ptr<large_file>> take_finished() { return std::exchange(finished_, {}); }
  [[nodiscard]] std::uint64_t bytes_written() const noexcept { return bytes_; }

  static constexpr std::size_t large_size = 1u << 20;  // bytes; files of this size or more are large_files
  static constexpr std::size_t piece_size = 1u << 20;  // bytes

 private:
  struct place {
    int directory;  // borrowed from the cache of directories_
    std::string name;
  };
  struct late_metadata {  // of a directory
    std::string path;
    std::uint64_t inode;
    std::int64_t seconds;
    std::uint32_t nanoseconds;
    std::string default_acl;
  };

  void take_memory();
  void count_directory(const std::string& path);
  void write_listing();
  place locate(const std::string& path);
  bool handle_whiteout(const place& at);
  void make(const io::tar::entry& e, const place& at);
  void make_file(const io::tar::entry& e, const place& at);
  void make_directory(const io::tar::entry& e, const place& at);
  void describe_directory(int fd, const std::string& path, const io::tar::entry& e);
  void make_hard_link(const io::tar::entry& e, const place& at);
  void make_special(const io::tar::entry& e, const place& at);
  void replace(const place& at);
  void set_root(const io::tar::entry& e);
  static std::uint64_t set_metadata(int fd, const io::tar::entry& e);
  void flush_piece(bool last);

  pull_budget& budget_;
  memory_share memory_;
  time_meter time_;
  unique_fd directory_;
  checksums sums_;
  layer_directories directories_;
  std::vector<late_metadata> late_;
  std::uint64_t late_bytes_ = 0, held_ = 0;  // bytes of memory: of late_; of the reader's headers
  std::uint64_t bytes_ = 0;

  // The file that is being written.
  io::tar::entry entry_;
  unique_fd small_;  // of a file below large_size or a sparse one
  std::string small_data_;
  std::shared_ptr<large_file> large_;
  pending_write piece_;
  std::uint64_t offset_ = 0;
  std::vector<pending_write> writes_;
  std::vector<std::shared_ptr<large_file>> finished_;
};

}  // namespace lxr::layer
