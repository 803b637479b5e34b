// SPDX-License-Identifier: Apache-2.0
#include "io/codec/sha256_pair.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

namespace lxr::io::codec {
namespace {

constexpr int lanes = 2;

alignas(16) constexpr std::uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
void store(void* to, __m128i what) { _mm_storeu_si128(static_cast<__m128i*>(to), what); }

}  // namespace

bool has_sha_instructions() noexcept {
  static const bool has = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
  }();
  return has;
}

// The SHA instructions hold a state as the words (A, B, E, F) and (C, D, G, H), first word in the highest lane (Intel
// SDM, SHA256RNDS2).
__attribute__((target("sha,sse4.1"))) void compress_pair(std::uint32_t* const (&states)[lanes],
                                                         const std::byte* const (&messages)[lanes],
                                                         std::size_t blocks) noexcept {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i abef[lanes], cdgh[lanes];
  for (int l = 0; l < lanes; ++l) {
    const __m128i cdab = _mm_shuffle_epi32(load(states[l]), 0xB1), efgh = _mm_shuffle_epi32(load(states[l] + 4), 0x1B);
    abef[l] = _mm_alignr_epi8(cdab, efgh, 8);
    cdgh[l] = _mm_blend_epi16(efgh, cdab, 0xF0);
  }
  for (std::size_t block = 0; block < blocks; ++block) {
    __m128i abef_before[lanes], cdgh_before[lanes], words[lanes][4];
    for (int l = 0; l < lanes; ++l) {
      abef_before[l] = abef[l];
      cdgh_before[l] = cdgh[l];
      for (int i = 0; i < 4; ++i)
        words[l][i] = _mm_shuffle_epi8(load(messages[l] + block * 64 + std::ptrdiff_t{i} * 16), big_endian);
    }
#pragma GCC unroll 16
    // Four rounds; they also replace the four words they used by those needed 16 rounds later.
    for (int four = 0; four < 16; ++four) {
      const __m128i constants = load(round_constants + std::ptrdiff_t{4} * four);
      __m128i sum[lanes];
#pragma GCC unroll 2
      for (int l = 0; l < lanes; ++l) {
        sum[l] = _mm_add_epi32(words[l][four % 4], constants);
        cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], sum[l]);
      }
#pragma GCC unroll 2
      for (int l = 0; l < lanes; ++l) {
        abef[l] = _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(sum[l], 0x0E));
        if (four >= 12) continue;
        const __m128i last = words[l][(four + 3) % 4];
        const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(words[l][four % 4], words[l][(four + 1) % 4]),
                                              _mm_alignr_epi8(last, words[l][(four + 2) % 4], 4));
        words[l][four % 4] = _mm_sha256msg2_epu32(partial, last);
      }
    }
    for (int l = 0; l < lanes; ++l) {
      abef[l] = _mm_add_epi32(abef[l], abef_before[l]);
      cdgh[l] = _mm_add_epi32(cdgh[l], cdgh_before[l]);
    }
  }
  for (int l = 0; l < lanes; ++l) {
    const __m128i feba = _mm_shuffle_epi32(abef[l], 0x1B), dchg = _mm_shuffle_epi32(cdgh[l], 0xB1);
    store(states[l], _mm_blend_epi16(feba, dchg, 0xF0));
    store(states[l] + 4, _mm_alignr_epi8(dchg, feba, 8));
  }
}

}  // namespace lxr::io::codec

#else

namespace lxr::io::codec {
bool has_sha_instructions() noexcept { return false; }
void compress_pair(std::uint32_t* const (&)[2], const std::byte* const (&)[2], std::size_t) noexcept {}
}  // namespace lxr::io::codec

#endif
