#include "io/codec/crc32c.hpp"

#ifndef LXR_WITHOUT_ISAL
#include <isa-l/crc.h>

#include <algorithm>
#else
#include <array>
#endif

namespace lxr::io::codec {

#ifndef LXR_WITHOUT_ISAL

std::uint32_t crc32c(std::uint32_t before, std::span<const std::byte> bytes) {
  constexpr std::size_t at_once = 1u << 30;  // it counts in int
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), at_once));
    before = ::crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<std::byte*>(piece.data())), static_cast<int>(piece.size()), before);
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

}  // namespace lxr::io::codec
