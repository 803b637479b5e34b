// SPDX-License-Identifier: Apache-2.0
// Any bytes give output or an error, from each of the decoders.
#include "core/base/error.hpp"
#include "io/codec/decoder.hpp"

namespace {

// With a context that all streams before have used.
std::unique_ptr<lxr::io::codec::decoder> make_zstd() {
  static lxr::io::codec::zstd_contexts contexts;
  return make_zstd_decoder(contexts);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace lxr::io::codec;
  for (const auto& make : {&make_gzip_decoder, &make_zlib_decoder, &make_zstd}) {
    const auto decoder = make();
    std::span<const std::byte> input(reinterpret_cast<const std::byte*>(data), size);
    try {
      for (int steps = 0; steps < 64; ++steps) {
        lxr::byte_block out(4096);
        decoder->step(input, out);
        if (input.empty() && !decoder->has_pending()) break;
      }
      decoder->finish();
    } catch (const lxr::error&) {
    }
  }
  return 0;
}
