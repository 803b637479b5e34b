#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"

struct ZSTD_DCtx_s;

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

// What the first bytes of a layer say it is; with fewer than `packing_head` of them it may be unknown.
enum class packing { tar, gzip, zstd, bzip2, xz, unknown };
inline constexpr std::size_t packing_head = 512;
packing packing_of(std::span<const std::byte> head);

std::unique_ptr<decoder> make_plain_decoder();
// Behind the last gzip member or Zstandard frame there may be zeros, up to the end.
// gzip of any number of members (RFC 1952), by ISA-L; by zlib in a build without that.
std::unique_ptr<decoder> make_gzip_decoder();
// The same by zlib.
std::unique_ptr<decoder> make_zlib_decoder();

// Contexts of zstd with their windows, for one stream after the other.
// Lifecycle: outlives the decoders that borrow from it.  Runs on: one thread at a time, as making and ending decoders does.
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
// The window that the Zstandard frame at the front wants; 0 when that frame is to be skipped, or there is too little of it.
std::uint64_t zstd_window_of(std::span<const std::byte> head);
inline constexpr std::uint64_t usual_zstd_window = 8u << 20, largest_zstd_window = 128u << 20;
// Zstandard frames (RFC 8878) with windows up to this power of two, at most 128 MiB.
std::unique_ptr<decoder> make_zstd_decoder(zstd_contexts& contexts, std::uint64_t largest_window = largest_zstd_window);

}  // namespace lxr::io::codec
