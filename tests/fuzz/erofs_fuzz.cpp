// SPDX-License-Identifier: Apache-2.0
// The index of a layer, as it may lie on a damaged disk: a tree, or an error.
#include <span>

#include "core/base/error.hpp"
#include "io/erofs/index.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const auto tree = lxr::io::erofs::read_index({reinterpret_cast<const std::byte*>(data), size});
    const std::uint64_t archive_size = std::uint64_t{1} << 20;
    (void)lxr::io::erofs::make_index(tree, {&archive_size, 1});
  } catch (const lxr::error&) {
    // refused
  }
  return 0;
}
