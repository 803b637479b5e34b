// SPDX-License-Identifier: Apache-2.0
#include "io/codec/crc32c.hpp"

#ifndef LXR_WITHOUT_ISAL
#include <isa-l/crc.h>
#endif

#include <algorithm>
#include <array>

namespace lxr::io::codec {

#ifndef LXR_WITHOUT_ISAL

std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes) {
  constexpr std::size_t at_once = 1u << 30;  // bytes; crc32_iscsi() takes its length as int
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), at_once));
    before = ::crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<std::byte*>(piece.data())),
                           static_cast<int>(piece.size()), before);
    bytes = bytes.subspan(piece.size());
  }
  return before;
}

#else

std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes) {
  static constexpr auto table = [] {
    std::array<std::uint32_t, 256> out{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      out[i] = i;
      for (int bit = 0; bit < 8; ++bit) out[i] = (out[i] >> 1) ^ ((out[i] & 1) != 0 ? 0x82f63b78 : 0);
    }
    return out;
  }();
  for (const std::byte b : bytes) before = (before >> 8) ^ table[(before ^ static_cast<std::uint32_t>(b)) & 0xff];
  return before;
}

#endif

namespace {

constexpr std::uint32_t one = 1u << 31, to_the_eighth = 1u << 23;  // polynomials, highest power in the lowest bit

constexpr std::uint32_t product(std::uint32_t a, std::uint32_t b) {  // modulo the polynomial of CRC-32C
  std::uint32_t out = 0;
  for (std::uint32_t bit = one; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) out ^= b;
    b = (b >> 1) ^ ((b & 1) != 0 ? 0x82f63b78 : 0);
  }
  return out;
}

// powers[i] is x to the power of 8 * 2^i: 2^i zero bytes multiply a checksum with it.
constexpr auto powers = [] {
  std::array<std::uint32_t, 64> out{to_the_eighth};
  for (std::size_t i = 1; i < out.size(); ++i) out[i] = product(out[i - 1], out[i - 1]);
  return out;
}();

}  // namespace

std::uint32_t crc32c_zeros(std::uint32_t before, std::uint64_t size) {
  for (std::size_t i = 0; size != 0; size >>= 1, ++i) {
    if ((size & 1) != 0) before = product(powers[i], before);
  }
  return before;
}

}  // namespace lxr::io::codec
