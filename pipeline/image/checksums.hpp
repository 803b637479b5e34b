#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace lxr::image {

// CRC-32C of the files of a layer that is stored as a tree: what tells later that one of them has changed. In a file of its
// own beside the tree, a record "crc size path" for each, ended by a NUL.
// Lifecycle: begin(), update()*, end() for each file; then write().
class checksums {
 public:
  void begin(const std::string& path, std::uint64_t inode);
  void update(std::span<const std::byte> bytes);
  void update_zeros(std::uint64_t size);
  void end();
  // Something else takes its place.
  void forget(const std::string& path) { files_.erase(path); }
  // Of the files that are still the ones which were written, below root/ of a layer's directory.
  void write(int root, int directory) const;

 private:
  struct record {
    std::uint64_t inode = 0, size = 0;
    std::uint32_t crc = 0;
  };
  std::map<std::string, record> files_;
  record* current_ = nullptr;
};

// The path of a file whose content is not what its checksum says; empty when there is none. Throws errc::corrupt when the
// checksums themselves are missing or damaged.
std::string first_mismatch(int layer_directory);

}  // namespace lxr::image
