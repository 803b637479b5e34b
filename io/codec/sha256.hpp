// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/oci/digest.hpp"

struct SHA256state_st;

namespace lxr::io::codec {

// SHA-256 of a stream, computed by OpenSSL, which uses the processor's SHA instructions. Where the processor has these,
// update_both() compresses whole blocks of two streams by compress_pair() instead.
// Lifecycle: update() or update_both() any number of times, then hex() once.
// Runs on: any thread, one at a time.
class sha256 {
 public:
  sha256();
  void update(std::span<const std::byte> bytes);
  // Continues `one` by `ones` and `other` by `others`. With SHA instructions that takes hardly more time than the
  // longer of the two alone.
  static void update_both(sha256& one, std::span<const std::byte> ones, sha256& other,
                          std::span<const std::byte> others);
  // Ends the stream and returns its digest as 64 lower-case hex digits.
  [[nodiscard]] std::string hex();

 private:
  [[nodiscard]] std::size_t to_block_end() const noexcept;
  void skip_blocks(std::size_t count) noexcept;

  struct deleter {
    void operator()(SHA256state_st* context) const noexcept;
  };
  std::unique_ptr<SHA256state_st, deleter> context_;
};

// Returns the SHA-256 digest of a whole document.
oci::digest digest_of(std::string_view text);

}  // namespace lxr::io::codec
