// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lxr {

// Returns 64 random bits, for names of ids and files, not for keys. Each thread of each process gets 256 bytes at a
// time from getrandom(2).
std::uint64_t random_u64();
// Returns `bytes` random bytes as lower-case hex digits, two per byte.
std::string random_hex(std::size_t bytes);

}  // namespace lxr
