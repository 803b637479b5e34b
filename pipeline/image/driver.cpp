#include "pipeline/image/driver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/index.hpp"
#include "io/mount/erofs.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/image/store.hpp"

namespace lxr::image {
namespace {

// An empty layer, mounted as a real one is.
void mount_empty_layer(int directory) {
  const io::erofs::tree empty;
  const std::uint64_t size = 512;
  file::replace_at(directory, index_file, io::erofs::make_index(empty, {&size, 1}), 0600);
  file::replace_at(directory, data_file, std::string(size, 0), 0600);
  const unique_fd layer = mount_layer(directory);
  io::mount::mount_overlay({{layer.get(), directory}});
}

void try_erofs(const instance& where) {
  const store images(where);
  const store::staging place = images.begin();
  std::exception_ptr failure;
  try {
    mount_empty_layer(place.directory.get());
  } catch (...) {
    failure = std::current_exception();
  }
  images.discard(place);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

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

store_driver choose_driver(const instance& where) {
  const char* const asked = std::getenv("LXR_STORE_DRIVER");
  const std::string word = asked == nullptr ? "" : asked;
  if (word == "directories") return store_driver::directories;
  if (word != "" && word != "erofs") {
    throw error(errc::invalid_argument, "use store driver", '"' + word + '"', "there is no such driver", "LXR_STORE_DRIVER is directories or erofs");
  }
  try {
    try_erofs(where);
  } catch (const error&) {
    if (word == "erofs") throw;
    return store_driver::directories;
  }
  return store_driver::erofs;
}

}  // namespace lxr::image
