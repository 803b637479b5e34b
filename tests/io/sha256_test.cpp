// SPDX-License-Identifier: Apache-2.0
#include "io/codec/sha256.hpp"

#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <random>

#include "core/base/bytes.hpp"
#include "io/codec/crc32c.hpp"
#include "io/codec/sha256_pair.hpp"

namespace lxr::io::codec {
namespace {

std::string hash_of(std::string_view bytes) {
  sha256 h;
  h.update(as_bytes(bytes));
  return h.hex();
}

std::string evp_hash_of(std::string_view bytes) {
  unsigned char digest[32];
  EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr);
  std::string out;
  for (const unsigned char c : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", c);
    out += two;
  }
  return out;
}

std::string random_bytes(std::size_t size, std::mt19937& dice) {
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(dice());
  return out;
}

TEST(sha256, known_answers) {  // FIPS 180-2, appendix B
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

// issue 11, 2.3: holes of a sparse file
TEST(crc32c, zeros_are_not_hashed_one_by_one) {
  for (const std::size_t size : {0, 1, 2, 511, 512, 4095, 65536, 1'000'003}) {
    EXPECT_EQ(crc32c_zeros(0x12345678, size), crc32c(0x12345678, as_bytes(std::string(size, '\0')))) << size;
  }
  EXPECT_EQ(crc32c_zeros(crc32c_zeros(crc32c_begin, 1ull << 62), 3), crc32c_zeros(crc32c_begin, (1ull << 62) + 3));
}

TEST(crc32c, known_answers) {  // RFC 3720, B.4
  EXPECT_EQ(~crc32c(crc32c_begin, as_bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(~crc32c(crc32c_begin, as_bytes(std::string(32, '\0'))), 0x8a9136aau);
  EXPECT_EQ(crc32c(crc32c(crc32c_begin, as_bytes("1234")), as_bytes("56789")),
            crc32c(crc32c_begin, as_bytes("123456789")));
}

TEST(sha256, two_streams_together_in_any_pieces) {
  std::mt19937 dice(7);
  for (int round = 0; round < 200; ++round) {
    std::string text[2];
    sha256 stream[2];
    for (int step = 0; step < 8; ++step) {
      std::string piece[2];
      for (int i = 0; i < 2; ++i)
        text[i] += piece[i] = random_bytes(dice() % 3 == 0 ? dice() % 70 : dice() % 3000, dice);
      if (dice() % 4 == 0) {  // and each alone between
        stream[0].update(as_bytes(piece[0]));
        stream[1].update(as_bytes(piece[1]));
      } else {
        sha256::update_both(stream[0], as_bytes(piece[0]), stream[1], as_bytes(piece[1]));
      }
    }
    for (int i = 0; i < 2; ++i) ASSERT_EQ(stream[i].hex(), evp_hash_of(text[i])) << "round " << round;
  }
}

TEST(sha256, the_length_counts_beyond_32_bits_of_bits) {
  std::mt19937 dice(8);
  const std::string block = random_bytes(1u << 20, dice);
  sha256 one, other, alone;
  for (int i = 0; i < 513; ++i) {
    sha256::update_both(one, as_bytes(block), other, as_bytes(block));
    alone.update(as_bytes(block));
  }
  const std::string expected = alone.hex();
  EXPECT_EQ(one.hex(), expected);
  EXPECT_EQ(other.hex(), expected);
}

#if defined(__x86_64__)
TEST(sha256, openssl_uses_the_processors_instructions) {
  const std::string settings =
      OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);  // "OPENSSL_ia32cap=0x...:0x...", see OPENSSL_ia32cap(3)
  const auto colon = settings.find(":0x");
  ASSERT_NE(colon, std::string::npos) << settings;
  EXPECT_EQ((std::stoull(settings.substr(colon + 1), nullptr, 16) & (1u << 29)) != 0, has_sha_instructions())
      << settings;
}
#endif

}  // namespace
}  // namespace lxr::io::codec
