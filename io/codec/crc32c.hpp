#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lxr::io::codec {

inline constexpr std::uint32_t crc32c_begin = 0xffffffff;
// CRC-32C (RFC 3720, B.4) of what `before` was of and these bytes, not inverted at the end.
std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes);
// The same of `size` bytes that are all zero, in a time that hardly grows with their number.
std::uint32_t crc32c_zeros(std::uint32_t before, std::uint64_t size);

}  // namespace lxr::io::codec
