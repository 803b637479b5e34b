// SPDX-License-Identifier: Apache-2.0
// Any index.json of an image layout leads to a manifest that the layout has, or to an error.
#include <cstdlib>

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/codec/sha256.hpp"
#include "pipeline/transfer/source.hpp"
#include "tests/support/image_layout.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"

namespace {

using namespace lxr;

struct layout {
  test::temp_directory dir;
  worker_pool pool{1};
  layout() { test::write_layout(dir.path(), {test::tar_builder().file("a", "a").finish()}); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static layout made;
  file::replace_at(made.dir.fd(), "index.json", {reinterpret_cast<const char*>(data), size});
  for (const char* which : {"", ":odd", ":docker.io/library/odd"}) {
    try {
      asio::io_context loop(1);
      const auto from =
          transfer::make_layout_source(made.pool, oci::reference::parse("oci:" + made.dir.path() + which));
      const transfer::raw_manifest found = run(loop, from->top());
      if (io::codec::digest_of(found.text) != found.content) std::abort();
    } catch (const error&) {
      // refused
    }
  }
  return 0;
}
