// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lxr {

// 64 bits from getrandom(2).
std::uint64_t random_u64();
// `bytes` random bytes in lower-case hex: twice as many characters.
std::string random_hex(std::size_t bytes);

}  // namespace lxr
