// SPDX-License-Identifier: Apache-2.0
#include "io/codec/decoder.hpp"

#ifndef LXR_WITHOUT_ISAL
#include <isa-l/igzip_lib.h>
#endif
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "core/base/error.hpp"

namespace lxr::io::codec {
namespace {

[[noreturn]] void corrupt(const char* what, const std::string& why) {
  throw error(errc::corrupt, "decompress", what, why);
}

// Decides what follows the end of a gzip member or Zstandard frame: another one, or zeros up to the end of the input.
// Runs on: one thread.
class after_the_end {
 public:
  // Returns true when another stream begins at the front of `input`; else consumes `input`, which must be zeros, and
  // returns false. Throws errc::corrupt for other bytes, and for a stream after zeros.
  template <class Begins>
  bool another_begins(std::span<const std::byte>& input, Begins begins, const char* what) {
    if (input.empty()) return false;
    if (!zeros_ && begins(input.front())) return true;
    if (std::ranges::any_of(input, [](std::byte b) { return b != std::byte{0}; }))
      corrupt(what, "there are other bytes behind its end");
    zeros_ = true;
    input = {};
    return false;
  }

 private:
  bool zeros_ = false;
};

bool begins_gzip(std::byte b) { return b == std::byte{0x1f}; }
// 0x28: a frame; 0x5?: a frame to be skipped.
bool begins_zstd(std::byte b) { return b == std::byte{0x28} || (b & std::byte{0xf0}) == std::byte{0x50}; }

class plain_decoder final : public decoder {
 public:
  void step(std::span<const std::byte>& input, byte_block& output) override {
    const std::size_t size = std::min(input.size(), output.room().size());
    std::memcpy(output.room().data(), input.data(), size);
    output.grow(size);
    input = input.subspan(size);
  }
  [[nodiscard]] bool has_pending() const override { return false; }
  void finish() override {}
};

#ifndef LXR_WITHOUT_ISAL
class isal_decoder final : public decoder {
 public:
  isal_decoder() : state_(std::make_unique<inflate_state>()) { begin_member(); }

  void step(std::span<const std::byte>& input, byte_block& output) override {
    while (!output.full()) {
      if (ended_ && !after_.another_begins(input, begins_gzip, "gzip stream")) return;
      if (ended_) begin_member();
      state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(input.data()));
      state_->avail_in = static_cast<std::uint32_t>(input.size());
      state_->next_out = reinterpret_cast<std::uint8_t*>(output.room().data());
      state_->avail_out = static_cast<std::uint32_t>(output.room().size());
      const std::size_t room = output.room().size();
      const int result = isal_inflate(state_.get());
      if (result < 0) corrupt("gzip stream", "the data is damaged (ISA-L " + std::to_string(result) + ")");
      output.grow(room - state_->avail_out);
      input = input.subspan(input.size() - state_->avail_in);
      ended_ = state_->block_state == ISAL_BLOCK_FINISH;
      pending_ = !ended_ && output.full();
      if (input.empty() && !pending_) return;
    }
  }
  [[nodiscard]] bool has_pending() const override { return pending_; }
  void finish() override {
    if (!ended_) corrupt("gzip stream", "it ends in the middle: truncated");
  }

 private:
  void begin_member() {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;  // checks header and trailer as well
    ended_ = false;
  }
  std::unique_ptr<inflate_state> state_;
  after_the_end after_;
  bool ended_ = false, pending_ = false;
};
#endif

class zlib_decoder final : public decoder {
 public:
  zlib_decoder() {
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~zlib_decoder() override { inflateEnd(&stream_); }
  zlib_decoder(const zlib_decoder&) = delete;
  zlib_decoder& operator=(const zlib_decoder&) = delete;

  void step(std::span<const std::byte>& input, byte_block& output) override {
    while (!output.full()) {
      if (ended_ && !after_.another_begins(input, begins_gzip, "gzip stream")) return;
      if (ended_) {
        inflateReset(&stream_);
        ended_ = false;
      }
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(input.data()));
      stream_.avail_in = static_cast<uInt>(input.size());
      stream_.next_out = reinterpret_cast<Bytef*>(output.room().data());
      const std::size_t room = output.room().size();
      stream_.avail_out = static_cast<uInt>(room);
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        corrupt("gzip stream", "the data is damaged");
      output.grow(room - stream_.avail_out);
      input = input.subspan(input.size() - stream_.avail_in);
      ended_ = result == Z_STREAM_END;
      pending_ = !ended_ && output.full();
      if (input.empty() && !pending_) return;
    }
  }
  [[nodiscard]] bool has_pending() const override { return pending_; }
  void finish() override {
    if (!ended_) corrupt("gzip stream", "it ends in the middle: truncated");
  }

 private:
  z_stream stream_{};
  after_the_end after_;
  bool ended_ = false, pending_ = false;
};

class zstd_decoder final : public decoder {
 public:
  zstd_decoder(zstd_contexts& contexts, std::uint64_t largest_window) : contexts_(contexts), context_(contexts.take()) {
    const auto bits = std::bit_width(std::clamp(largest_window, usual_zstd_window, largest_zstd_window) - 1);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, static_cast<int>(bits));
  }
  ~zstd_decoder() override { contexts_.take_back(std::move(context_)); }
  zstd_decoder(const zstd_decoder&) = delete;
  zstd_decoder& operator=(const zstd_decoder&) = delete;

  void step(std::span<const std::byte>& input, byte_block& output) override {
    while (!output.full()) {
      if (hint_ == 0 && !after_.another_begins(input, begins_zstd, "zstd stream")) return;
      ZSTD_inBuffer in{input.data(), input.size(), 0};
      ZSTD_outBuffer out{output.room().data(), output.room().size(), 0};
      hint_ = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_getErrorCode(hint_) == ZSTD_error_frameParameter_windowTooLarge) {
        throw error(errc::exhausted, "decompress", "zstd stream",
                    "a frame wants a larger window than the first one, or than 128 MiB");
      }
      if (ZSTD_isError(hint_) != 0) corrupt("zstd stream", ZSTD_getErrorName(hint_));
      output.grow(out.pos);
      input = input.subspan(in.pos);
      pending_ = output.full() && hint_ != 0;
      if (input.empty() && !output.full()) return;
    }
  }
  [[nodiscard]] bool has_pending() const override { return pending_; }
  void finish() override {
    if (hint_ != 0) corrupt("zstd stream", "it ends in the middle: truncated");
  }

 private:
  zstd_contexts& contexts_;
  zstd_contexts::context context_;
  after_the_end after_;
  std::size_t hint_ = 1;
  bool pending_ = false;
};

}  // namespace

packing packing_of(std::span<const std::byte> head) {
  constexpr std::size_t magic_at = 257, tar_block = 512;
  const std::string_view text = as_text(head);
  const bool is_end =
      text.size() >= tar_block && text.substr(0, tar_block).find_first_not_of('\0') == std::string_view::npos;
  if (is_end || (text.size() > magic_at && text.substr(magic_at).starts_with("ustar"))) return packing::tar;
  if (text.starts_with("\x1f\x8b")) return packing::gzip;
  if (text.starts_with("\x28\xb5\x2f\xfd") ||
      (text.size() >= 4 && begins_zstd(head[0]) && text.substr(1, 3) == "\x2a\x4d\x18"))
    return packing::zstd;
  if (text.starts_with("BZh")) return packing::bzip2;
  if (text.starts_with("\xfd"
                       "7zXZ"))
    return packing::xz;
  return packing::unknown;
}

std::unique_ptr<decoder> make_plain_decoder() { return std::make_unique<plain_decoder>(); }
std::unique_ptr<decoder> make_gzip_decoder() {
#ifndef LXR_WITHOUT_ISAL
  return std::make_unique<isal_decoder>();
#else
  return make_zlib_decoder();
#endif
}
std::unique_ptr<decoder> make_zlib_decoder() { return std::make_unique<zlib_decoder>(); }
std::unique_ptr<decoder> make_zstd_decoder(zstd_contexts& contexts, std::uint64_t largest_window) {
  return std::make_unique<zstd_decoder>(contexts, largest_window);
}

// The header of a frame, RFC 8878, 3.1.1.1: magic number, frame header descriptor, then the window descriptor or (with
// a single segment) the size of the content, which is the window then.
std::uint64_t zstd_window_of(std::span<const std::byte> head) {
  const auto byte = [head](std::size_t at) { return at < head.size() ? std::to_integer<std::uint64_t>(head[at]) : 0; };
  if (!as_text(head).starts_with("\x28\xb5\x2f\xfd")) return 0;
  const std::uint64_t descriptor = byte(4);
  if ((descriptor & 0x20) == 0) {
    const std::uint64_t base = std::uint64_t{1} << (10 + (byte(5) >> 3));
    return base + base / 8 * (byte(5) & 7);
  }
  constexpr std::size_t dictionary_sizes[] = {0, 1, 2, 4}, content_sizes[] = {1, 2, 4, 8};
  const std::size_t at = 5 + dictionary_sizes[descriptor & 3], size = content_sizes[descriptor >> 6];
  std::uint64_t content = size == 2 ? 256 : 0;
  for (std::size_t i = 0; i < size; ++i) content += byte(at + i) << (8 * i);
  return content;
}

void zstd_contexts::deleter::operator()(ZSTD_DCtx_s* context) const noexcept { ZSTD_freeDCtx(context); }

zstd_contexts::context zstd_contexts::take() {
  if (!idle_.empty()) {
    context out = std::move(idle_.back());
    idle_.pop_back();
    return out;
  }
  context fresh(ZSTD_createDCtx());
  if (!fresh) throw std::bad_alloc();
  return fresh;
}

void zstd_contexts::take_back(context used) noexcept {
  if (ZSTD_sizeof_DCtx(used.get()) > 2 * usual_zstd_window) return;  // frees a context with a large window
  ZSTD_DCtx_reset(used.get(), ZSTD_reset_session_only);
  try {
    idle_.push_back(std::move(used));
  } catch (const std::bad_alloc&) {
    // No memory for the list: `used` frees the context.
  }
}

}  // namespace lxr::io::codec
