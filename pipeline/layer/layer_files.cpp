// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_files.hpp"

#include <fcntl.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/mount/erofs.hpp"

namespace lxr::layer {

const char* to_string(store_driver driver) { return driver == store_driver::erofs ? "erofs" : "directories"; }

std::string read_layer_index(int directory) {
  constexpr std::size_t index_limit = std::size_t{4} << 30;
  auto bytes = file::read_at(directory, index_file, index_limit);
  if (!bytes) throw error(errc::corrupt, "use layer", "", "it has no index", "lxr system check --repair makes it anew");
  return std::move(*bytes);
}

unique_fd mount_layer(int directory) {
  const unique_fd index = file::open_at(directory, index_file, O_RDONLY);
  const unique_fd data = file::open_at(directory, data_file, O_RDONLY);
  return io::mount::mount_erofs(index.get(), {&data, 1});
}

}  // namespace lxr::layer
