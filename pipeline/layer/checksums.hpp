#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace lxr::layer {

// CRC-32C of the files of a layer, by inode, taken while they are written; and which of them have attributes. 16 bytes a file.
// Lifecycle: begin(), update()*, end() for each file; a number that is used again is begun again. Then sort(), then the finds.
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
    std::uint32_t place : 31;  // in the order of begin()
  };
  [[nodiscard]] const file* look_up(std::uint64_t inode) const;

  std::vector<file> files_;
  bool open_ = false;  // the last one
};

// The same of a file, from its beginning; holes are not read.
std::uint32_t checksum_of(int fd);

}  // namespace lxr::layer
