// SPDX-License-Identifier: Apache-2.0
#include "io/codec/decoder.hpp"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "core/base/error.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::io::codec {
namespace {

using factory = std::unique_ptr<decoder> (*)();

std::string decode(decoder& d, std::string_view input, std::mt19937& dice) {
  std::string out;
  while (!input.empty()) {
    const std::size_t size = std::min<std::size_t>(input.size(), dice() % 5000 + 1);
    auto piece = as_bytes(input.substr(0, size));
    do {
      byte_block block(dice() % 3000 + 1);
      d.step(piece, block);
      out += as_text(block.bytes());
    } while (!piece.empty() || d.has_pending());
    input.remove_prefix(size);
  }
  d.finish();
  return out;
}

std::string sample() {
  std::mt19937 dice(3);
  std::string out;
  for (int i = 0; i < 20000; ++i) out += "line " + std::to_string(dice() % 1000) + "\n";
  return out + std::string(200000, 'z');
}

std::string zstd(const std::string& bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

class gzip_decoders : public testing::TestWithParam<factory> {};

TEST_P(gzip_decoders, any_pieces_and_several_members) {
  std::mt19937 dice(1);
  const std::string plain = sample(), packed = test::gzip(plain);
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(decode(*GetParam()(), packed, dice), plain);
    EXPECT_EQ(decode(*GetParam()(), packed + test::gzip("tail") + test::gzip(""), dice), plain + "tail");
  }
}

TEST_P(gzip_decoders, truncated_or_damaged_is_an_error) {
  std::mt19937 dice(2);
  const std::string packed = test::gzip(sample());
  EXPECT_THROW(decode(*GetParam()(), packed.substr(0, packed.size() / 2), dice), error);
  EXPECT_THROW(decode(*GetParam()(), packed.substr(0, packed.size() - 1), dice), error);
  EXPECT_THROW(decode(*GetParam()(), "this is no gzip stream at all", dice), error);
  EXPECT_THROW(decode(*GetParam()(), "", dice), error);
  std::string wrong_checksum = packed;
  wrong_checksum[wrong_checksum.size() - 6] ^= 1;
  EXPECT_THROW(decode(*GetParam()(), wrong_checksum, dice), error);
}

// What decode() says of it; empty when it takes it.
std::string refusal(decoder& d, const std::string& input, std::mt19937& dice) {
  try {
    decode(d, input, dice);
    return {};
  } catch (const error& e) {
    return e.what();
  }
}

// issue 11, 2.11
TEST_P(gzip_decoders, zeros_behind_the_end_are_nothing_and_other_bytes_are_named) {
  std::mt19937 dice(8);
  const std::string packed = test::gzip("plain"), zeros(9000, '\0');
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(decode(*GetParam()(), packed + zeros, dice), "plain");
    EXPECT_EQ(decode(*GetParam()(), packed + test::gzip("more") + '\0', dice), "plainmore");
    for (const std::string& tail : {std::string("x"), zeros + "x", zeros + packed, std::string("\x1f no member")})
      EXPECT_NE(refusal(*GetParam()(), packed + tail, dice), "");
    EXPECT_NE(refusal(*GetParam()(), packed + "signature", dice).find("there are other bytes behind its end"),
              std::string::npos);
    EXPECT_NE(refusal(*GetParam()(), packed + zeros + packed, dice).find("there are other bytes behind its end"),
              std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(libraries, gzip_decoders, testing::Values(&make_gzip_decoder, &make_zlib_decoder));

TEST(zstd_decoder, any_pieces_and_several_frames) {
  zstd_contexts contexts;
  std::mt19937 dice(4);
  const std::string plain = sample(), packed = zstd(plain);
  EXPECT_EQ(decode(*make_zstd_decoder(contexts), packed + zstd("tail"), dice), plain + "tail");
  EXPECT_THROW(decode(*make_zstd_decoder(contexts), packed.substr(0, packed.size() - 3), dice), error);
  EXPECT_THROW(decode(*make_zstd_decoder(contexts), "no zstd", dice), error);
}

TEST(zstd_decoder, contexts_are_used_again_whatever_became_of_their_stream) {
  std::mt19937 dice(6);
  zstd_contexts contexts;
  const std::string plain = sample(), packed = zstd(plain);
  {
    const auto one = make_zstd_decoder(contexts), other = make_zstd_decoder(contexts);
  }
  EXPECT_EQ(contexts.idle(), 2u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(decode(*make_zstd_decoder(contexts), packed, dice), plain);
    EXPECT_THROW(decode(*make_zstd_decoder(contexts), packed.substr(0, packed.size() / 2), dice), error);
    EXPECT_THROW(decode(*make_zstd_decoder(contexts), packed.substr(0, packed.size() / 2) + "damage", dice), error);
  }
  EXPECT_EQ(contexts.idle(), 2u);
}

TEST(zstd_decoder, zeros_behind_the_end_are_nothing_and_other_bytes_are_named) {
  zstd_contexts contexts;
  std::mt19937 dice(9);
  const std::string skippable("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(decode(*make_zstd_decoder(contexts), zstd("plain") + skippable + std::string(9000, '\0'), dice), "plain");
    EXPECT_NE(refusal(*make_zstd_decoder(contexts), zstd("plain") + "signature", dice)
                  .find("there are other bytes behind its end"),
              std::string::npos);
  }
}

TEST(packing, is_told_by_the_first_bytes) {
  const std::string tar = test::tar_builder().file("\x1f\x8b", "x").finish();
  const auto of = [](const std::string& bytes) {
    return packing_of(as_bytes(std::string_view(bytes).substr(0, packing_head)));
  };
  EXPECT_EQ(of(tar), packing::tar);
  EXPECT_EQ(of(std::string(1024, '\0')), packing::tar);
  EXPECT_EQ(of(test::gzip(tar)), packing::gzip);
  EXPECT_EQ(of(zstd(tar)), packing::zstd);
  EXPECT_EQ(of(std::string("\x5d\x2a\x4d\x18\0\0\0\0", 8)), packing::zstd);
  EXPECT_EQ(of("BZh91AY"), packing::bzip2);
  EXPECT_EQ(of(std::string("\xfd"
                           "7zXZ\0",
                           6)),
            packing::xz);
  EXPECT_EQ(of("this is nothing"), packing::unknown);
  EXPECT_EQ(of(""), packing::unknown);
}

TEST(plain_decoder, hands_bytes_on) {
  std::mt19937 dice(5);
  EXPECT_EQ(decode(*make_plain_decoder(), "abc", dice), "abc");
}

}  // namespace
}  // namespace lxr::io::codec
