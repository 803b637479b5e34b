// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace lxr::io::codec {

// Returns true on an x86 processor with SHA instructions.
bool has_sha_instructions() noexcept;

// Applies the compression function of SHA-256 (FIPS 180-4, 6.2.2) to `blocks` blocks of 64 bytes of two messages at the
// same time. One message cannot keep the processor busy, because each round waits for the one before; two take hardly
// longer. `states` are the eight words of each message, updated in place. Needs has_sha_instructions().
void compress_pair(std::uint32_t* const (&states)[2], const std::byte* const (&messages)[2],
                   std::size_t blocks) noexcept;

}  // namespace lxr::io::codec
