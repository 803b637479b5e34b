#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace lxr::image {

// CRC-32C of the files of a layer, by inode, taken while they are written.
// Lifecycle: begin(), update()*, end() for each file; a number that is used again is begun again, or forgotten.
class checksums {
 public:
  void begin(std::uint64_t inode);
  void update(std::span<const std::byte> bytes);
  void update_zeros(std::uint64_t size);
  void end() { current_ = nullptr; }
  void forget(std::uint64_t inode) { sums_.erase(inode); }
  [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t inode) const;

 private:
  std::map<std::uint64_t, std::uint32_t> sums_;
  std::uint32_t* current_ = nullptr;
};

// The same of a file, from its beginning.
std::uint32_t checksum_of(int fd);

}  // namespace lxr::image
