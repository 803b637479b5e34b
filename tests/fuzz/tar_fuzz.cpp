// SPDX-License-Identifier: Apache-2.0
// Any bytes, in pieces that depend on them, give members or an error: and the same ones as in one piece.
#include <cstdlib>
#include <string>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/erofs/index.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/layer_index.hpp"

namespace {

struct counter final : lxr::io::tar::sink {
  std::string seen;
  void begin(const lxr::io::tar::entry& e) override { seen += e.path + '\n' + e.link_target; }
  void data(std::span<const std::byte> bytes) override { total += bytes.size(); }
  void end() override { seen += std::to_string(total); }
  std::size_t total = 0;
};

std::string read(const std::uint8_t* data, std::size_t size, std::size_t piece) {
  counter c;
  lxr::io::tar::reader r(c);
  try {
    for (std::size_t at = 0; at < size; at += piece) {
      r.feed({reinterpret_cast<const std::byte*>(data) + at, std::min(piece, size - at)});
    }
    r.finish();
  } catch (const lxr::error& e) {
    return std::string("error ") + e.what();
  }
  return c.seen;
}

// Any archive gives an index of whole blocks or an error.
void index(const std::uint8_t* data, std::size_t size) {
  lxr::layer::pull_budget budget;
  lxr::layer::layer_index layer(budget);
  lxr::io::tar::reader r(layer);
  try {
    r.feed({reinterpret_cast<const std::byte*>(data), size});
    r.finish();
    const std::uint64_t archive_size = size;
    const std::string bytes = lxr::io::erofs::make_index(layer.tree(), {&archive_size, 1});
    // What is read back makes the same index again.
    const auto tree = lxr::io::erofs::read_index(lxr::as_bytes(bytes));
    if (lxr::io::erofs::make_index(tree, {&archive_size, 1}) != bytes) std::abort();
  } catch (const lxr::error&) {
    // refused
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (read(data, size, size + 1) != read(data, size, size % 97 + 1)) std::abort();
  index(data, size);
  return 0;
}
