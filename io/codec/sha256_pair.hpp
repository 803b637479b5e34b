#pragma once

#include <cstddef>
#include <cstdint>

namespace lxr::io::codec {

// True on an x86 processor with SHA instructions.
bool has_sha_instructions() noexcept;

// The compression function of SHA-256 (FIPS 180-4, 6.2.2) over whole blocks of 64 bytes of two messages at once. One message
// cannot fill the processor: each of its rounds waits for the one before. Two take hardly longer than one.
// `states`: the eight words of each, updated in place. Needs has_sha_instructions().
void compress_pair(std::uint32_t* const (&states)[2], const std::byte* const (&messages)[2], std::size_t blocks) noexcept;

}  // namespace lxr::io::codec
