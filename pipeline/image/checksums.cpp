#include "pipeline/image/checksums.hpp"

#include <unistd.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/codec/crc32c.hpp"

namespace lxr::image {
using io::codec::crc32c;
using io::codec::crc32c_begin;

void checksums::begin(std::uint64_t inode) { *(current_ = &sums_[inode]) = crc32c_begin; }

void checksums::update(std::span<const std::byte> bytes) {
  if (current_ != nullptr) *current_ = crc32c(*current_, bytes);
}

void checksums::update_zeros(std::uint64_t size) {
  static constexpr std::byte zeros[65536]{};
  for (; size > 0; size -= std::min<std::uint64_t>(size, sizeof zeros)) update(std::span(zeros).first(std::min<std::uint64_t>(size, sizeof zeros)));
}

std::optional<std::uint32_t> checksums::find(std::uint64_t inode) const {
  const auto found = sums_.find(inode);
  return found == sums_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t checksum_of(int fd) {
  std::uint32_t sum = crc32c_begin;
  byte_block block(1u << 20);
  for (std::uint64_t at = 0;;) {
    const ssize_t got = ::pread(fd, block.room().data(), block.room().size(), static_cast<off_t>(at));
    if (got < 0) throw_errno("read", "file");
    if (got == 0) return sum;
    sum = crc32c(sum, block.room().first(static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
  }
}

}  // namespace lxr::image
