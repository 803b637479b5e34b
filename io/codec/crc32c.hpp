#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lxr::io::codec {

inline constexpr std::uint32_t crc32c_begin = 0xffffffff;
// CRC-32C (RFC 3720, B.4) of what `before` was of and these bytes, not inverted at the end.
std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes);

}  // namespace lxr::io::codec
