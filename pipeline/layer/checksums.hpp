// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lxr::layer {

// The CRC-32C of each file of a layer, by inode, computed while the files are written, and which files have attributes.
// 16 bytes of memory per file.
// Lifecycle: for each file begin(), update() or update_zeros() any number of times, end(). When an inode number is used
//   again, the later file counts. Then sort(); only after it find() and has_attributes().
// Runs on: one thread at a time.
class checksums {
 public:
  void begin(std::uint64_t inode, bool has_attributes);
  void update(std::span<const std::byte> bytes);
  void update_zeros(std::uint64_t size);
  void end() { open_ = false; }
  void sort();
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t inode) const;
  [[nodiscard]] bool has_attributes(std::uint64_t inode) const;
  [[nodiscard]] std::uint64_t memory() const noexcept { return files_.capacity() * sizeof(file); }

 private:
  struct file {
    std::uint64_t inode;
    std::uint32_t sum;
    std::uint32_t has_attributes : 1;
    std::uint32_t place : 31;  // position in the order of begin()
  };
  [[nodiscard]] const file* look_up(std::uint64_t inode) const;

  std::vector<file> files_;
  bool open_ = false;  // the last file is still being written
};

// Returns the CRC-32C of a file, from its beginning; skips holes without reading them.
std::uint32_t checksum_of(int fd);

}  // namespace lxr::layer
