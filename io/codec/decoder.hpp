#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "core/base/bytes.hpp"

namespace lxr::io::codec {

// One compressed stream being decompressed, in steps of bounded output.
// Lifecycle: step() with all input in order, then finish(). Not thread-safe; different streams are independent.
// Failure: throws error{errc::corrupt}; the stream is then useless.
class decoder {
 public:
  virtual ~decoder() = default;
  // Consumes from the front of `input` and appends to `output` until one of them is used up. Call again with the rest of
  // `input`, and with a fresh `output` when that is full: more may be held back inside while has_pending().
  virtual void step(std::span<const std::byte>& input, byte_block& output) = 0;
  [[nodiscard]] virtual bool has_pending() const = 0;
  // The input is over: throws when the stream is not.
  virtual void finish() = 0;
};

std::unique_ptr<decoder> make_plain_decoder();
// gzip of any number of members (RFC 1952), by ISA-L.
std::unique_ptr<decoder> make_gzip_decoder();
// The same by zlib, for machines without ISA-L.
std::unique_ptr<decoder> make_zlib_decoder();
// Zstandard frames (RFC 8878) with windows up to 128 MiB.
std::unique_ptr<decoder> make_zstd_decoder();

}  // namespace lxr::io::codec
