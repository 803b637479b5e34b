// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/checksums.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/codec/crc32c.hpp"

namespace lxr::layer {
using io::codec::crc32c;
using io::codec::crc32c_begin;
using io::codec::crc32c_zeros;

void checksums::begin(std::uint64_t inode, bool has_attributes) {
  files_.push_back({inode, crc32c_begin, has_attributes, static_cast<std::uint32_t>(files_.size()) & 0x7fffffffu});
  open_ = true;
}

void checksums::update(std::span<const std::byte> bytes) {
  if (open_) files_.back().sum = crc32c(files_.back().sum, bytes);
}

void checksums::update_zeros(std::uint64_t size) {
  if (open_) files_.back().sum = crc32c_zeros(files_.back().sum, size);
}

// Sorts by inode and, for a number that was used again, by time: look_up() takes the last one.
void checksums::sort() {
  std::ranges::sort(files_, {}, [](const file& f) { return std::pair(f.inode, f.place); });
}

const checksums::file* checksums::look_up(std::uint64_t inode) const {
  const auto behind = std::ranges::upper_bound(files_, inode, {}, &file::inode);
  return behind == files_.begin() || std::prev(behind)->inode != inode ? nullptr : &*std::prev(behind);
}

std::optional<std::uint32_t> checksums::find(std::uint64_t inode) const {
  const file* const found = look_up(inode);
  return found == nullptr ? std::nullopt : std::optional(found->sum);
}

bool checksums::has_attributes(std::uint64_t inode) const {
  const file* const found = look_up(inode);
  return found != nullptr && found->has_attributes;
}

namespace {

// Returns the offset of the next data or hole (`kind`: SEEK_DATA, SEEK_HOLE) from `at` on; `end` when there is none.
off_t next_of(int fd, off_t at, int kind, off_t end) {
  const off_t found = ::lseek(fd, at, kind);
  if (found >= 0) return std::min(found, end);
  if (errno == ENXIO) return end;
  return kind == SEEK_DATA ? at : end;  // the filesystem does not know: all is data
}

std::uint32_t add_range(std::uint32_t sum, int fd, off_t at, off_t end, byte_block& block) {
  while (at < end) {
    const auto room = block.room().first(std::min(block.room().size(), static_cast<std::size_t>(end - at)));
    const ssize_t got = ::pread(fd, room.data(), room.size(), at);
    if (got < 0) throw_errno("read", "file");
    if (got == 0) return sum;
    sum = crc32c(sum, room.first(static_cast<std::size_t>(got)));
    at += got;
  }
  return sum;
}

}  // namespace

std::uint32_t checksum_of(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) throw_errno("look at", "file");
  std::uint32_t sum = crc32c_begin;
  byte_block block(1u << 20);
  for (off_t at = 0; at < st.st_size;) {
    const off_t data = next_of(fd, at, SEEK_DATA, st.st_size), hole = next_of(fd, data, SEEK_HOLE, st.st_size);
    sum = crc32c_zeros(sum, static_cast<std::uint64_t>(data - at));
    sum = add_range(sum, fd, data, hole, block);
    at = hole;
  }
  return sum;
}

}  // namespace lxr::layer
