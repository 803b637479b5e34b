// SPDX-License-Identifier: Apache-2.0
// update_both() changes the state of a stream itself. Only OpenSSL's low-level interface gives access to it, and
// OpenSSL calls that interface deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "io/codec/sha256.hpp"

#include <openssl/sha.h>

#include <algorithm>

#include "core/base/bytes.hpp"
#include "io/codec/sha256_pair.hpp"

namespace lxr::io::codec {

constexpr std::size_t block_size = SHA256_CBLOCK;

void sha256::deleter::operator()(SHA256state_st* context) const noexcept { delete context; }

sha256::sha256() : context_(new SHA256_CTX) { SHA256_Init(context_.get()); }

void sha256::update(std::span<const std::byte> bytes) { SHA256_Update(context_.get(), bytes.data(), bytes.size()); }

// Returns how many bytes are missing until OpenSSL's buffer of the stream is a whole block, which it then compresses.
std::size_t sha256::to_block_end() const noexcept { return (block_size - context_->num) % block_size; }

// Counts blocks that compress_pair() has put into the state already: adds their bits to the length.
void sha256::skip_blocks(std::size_t count) noexcept {
  const std::uint64_t bits = ((std::uint64_t{context_->Nh} << 32) | context_->Nl) + count * block_size * 8;
  context_->Nh = static_cast<SHA_LONG>(bits >> 32);
  context_->Nl = static_cast<SHA_LONG>(bits);
}

void sha256::update_both(sha256& one, std::span<const std::byte> ones, sha256& other,
                         std::span<const std::byte> others) {
  if (has_sha_instructions()) {
    const auto fill = [](sha256& stream, std::span<const std::byte>& bytes) {
      const auto first = bytes.first(std::min(stream.to_block_end(), bytes.size()));
      stream.update(first);
      bytes = bytes.subspan(first.size());
    };
    fill(one, ones);
    fill(other, others);
    const std::size_t blocks = std::min(ones.size(), others.size()) / block_size;
    compress_pair({one.context_->h, other.context_->h}, {ones.data(), others.data()}, blocks);
    one.skip_blocks(blocks);
    other.skip_blocks(blocks);
    ones = ones.subspan(blocks * block_size);
    others = others.subspan(blocks * block_size);
  }
  one.update(ones);
  other.update(others);
}

std::string sha256::hex() {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256_Final(digest, context_.get());
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

oci::digest digest_of(std::string_view text) {
  sha256 hash;
  hash.update(as_bytes(text));
  return oci::digest::from_hex(hash.hex());
}

}  // namespace lxr::io::codec
