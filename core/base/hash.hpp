// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace lxr {

// Returns the 64-bit FNV-1a hash of bytes: for names and comparisons, not against someone who looks for collisions.
// Source: draft-eastlake-fnv.
constexpr std::uint64_t fnv1a(std::string_view bytes) noexcept {
  std::uint64_t out = 0xcbf29ce484222325;
  for (const char c : bytes) out = (out ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return out;
}

}  // namespace lxr
