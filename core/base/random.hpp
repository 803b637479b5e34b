// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lxr {

// Random names: for ids and files, not for keys. From getrandom(2), drawn 256 bytes at a time by each thread of each
// process.
std::uint64_t random_u64();
// `bytes` random bytes in lower-case hex: twice as many characters.
std::string random_hex(std::size_t bytes);

}  // namespace lxr
