#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/oci/digest.hpp"

struct SHA256state_st;

namespace lxr::io::codec {

// SHA-256 of a stream, by OpenSSL, which uses the processor's SHA instructions. Whole blocks of two streams that are given
// together are compressed by compress_pair() where the processor has these instructions; all else is OpenSSL's.
class sha256 {
 public:
  sha256();
  void update(std::span<const std::byte> bytes);
  // Each stream by its bytes, in hardly more time than the longer one takes where the processor has SHA instructions.
  static void update_both(sha256& one, std::span<const std::byte> ones, sha256& other, std::span<const std::byte> others);
  // Ends the stream; lower-case hex. Call once.
  [[nodiscard]] std::string hex();

 private:
  [[nodiscard]] std::size_t to_block_end() const noexcept;
  void skip_blocks(std::size_t count) noexcept;

  struct deleter {
    void operator()(SHA256state_st* context) const noexcept;
  };
  std::unique_ptr<SHA256state_st, deleter> context_;
};

// The digest of a whole document.
oci::digest digest_of(std::string_view text);

}  // namespace lxr::io::codec
