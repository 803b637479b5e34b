// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lxr::io::codec {

inline constexpr std::uint32_t crc32c_begin = 0xffffffff;
// Continues a CRC-32C (RFC 3720, B.4) by `bytes`. `before` is crc32c_begin or the result of the call before; neither is
// inverted at the end.
std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes);
// Continues a CRC-32C by `size` zero bytes, in time proportional to log2(size).
std::uint32_t crc32c_zeros(std::uint32_t before, std::uint64_t size);

}  // namespace lxr::io::codec
