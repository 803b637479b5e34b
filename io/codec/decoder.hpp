// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"

struct ZSTD_DCtx_s;

namespace lxr::io::codec {

// Decompresses one stream, in steps of bounded output.
// Lifecycle: step() with all input in order, then finish(), once.
// Runs on: any thread, one at a time; different streams are independent.
// Failure: throws error{errc::corrupt}, a Zstandard stream also error{errc::exhausted} for too large a window. The
//   stream cannot be continued then.
class decoder {
 public:
  virtual ~decoder() = default;
  // Consumes bytes from the front of `input` and appends to `output` until the input is used up or the output is full.
  // Call it again with the rest of `input` and, when `output` is full, with an empty one, as long as has_pending(): the
  // decoder holds back output that found no room.
  virtual void step(std::span<const std::byte>& input, byte_block& output) = 0;
  [[nodiscard]] virtual bool has_pending() const = 0;
  // Called after the last input. Throws errc::corrupt when the stream is not complete.
  virtual void finish() = 0;
};

// The formats that packing_of() recognises by the first bytes of a layer. It needs `packing_head` bytes; with fewer it
// may return unknown.
enum class packing { tar, gzip, zstd, bzip2, xz, unknown };
inline constexpr std::size_t packing_head = 512;
packing packing_of(std::span<const std::byte> head);

// Copies its input.
std::unique_ptr<decoder> make_plain_decoder();
// Decompresses gzip of any number of members (RFC 1952), by ISA-L, or by zlib in a build without ISA-L. Zeros may
// follow the last member.
std::unique_ptr<decoder> make_gzip_decoder();
// Decompresses the same format by zlib.
std::unique_ptr<decoder> make_zlib_decoder();

// Contexts of libzstd with their windows, which streams use one after the other.
// Lifecycle: outlives the decoders that borrow from it.
// Runs on: one thread at a time, on which decoders are also made and destroyed.
// Owns: the contexts that no decoder uses.
class zstd_contexts {
 public:
  struct deleter {
    void operator()(ZSTD_DCtx_s* context) const noexcept;
  };
  using context = std::unique_ptr<ZSTD_DCtx_s, deleter>;

  context take();
  void take_back(context used) noexcept;
  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }

 private:
  std::vector<context> idle_;
};
// Returns the window that the Zstandard frame at the front of `head` needs, in bytes; 0 for a frame to be skipped or a
// header that is cut off.
std::uint64_t zstd_window_of(std::span<const std::byte> head);
inline constexpr std::uint64_t usual_zstd_window = 8u << 20, largest_zstd_window = 128u << 20;  // bytes
// Decompresses Zstandard frames (RFC 8878) whose windows are at most `largest_window` bytes (rounded up to a power of
// two, 8 to 128 MiB). Zeros may follow the last frame.
std::unique_ptr<decoder> make_zstd_decoder(zstd_contexts& contexts, std::uint64_t largest_window = largest_zstd_window);

}  // namespace lxr::io::codec
