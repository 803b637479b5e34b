#include "pipeline/image/driver.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/random.hpp"
#include "io/erofs/index.hpp"
#include "io/mount/erofs.hpp"
#include "io/mount/overlay.hpp"

namespace lxr::image {
namespace {

// An empty layer, mounted as a real one is.
void try_erofs(const instance& where) {
  const std::string name = "ingest/try-" + random_hex(8);
  file::make_directory_at(where.root_fd(), name);
  std::exception_ptr failure;
  try {
    const unique_fd directory = file::open_at(where.root_fd(), name, O_RDONLY | O_DIRECTORY);
    const io::erofs::tree empty;
    const std::uint64_t size = 512;
    file::replace_at(directory.get(), index_file, io::erofs::make_index(empty, {&size, 1}), 0600);
    file::replace_at(directory.get(), data_file, std::string(size, 0), 0600);
    const unique_fd layer = mount_layer(directory.get());
    const int lowers[] = {layer.get(), directory.get()};
    io::mount::mount_overlay({{lowers[0], lowers[1]}});
  } catch (...) {
    failure = std::current_exception();
  }
  file::remove_tree_at(where.root_fd(), name);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

const char* to_string(store_driver driver) { return driver == store_driver::erofs ? "erofs" : "directories"; }

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
  } catch (const error& e) {
    if (word == "erofs" || (e.code() != errc::unsupported && e.code() != errc::not_permitted)) throw;
    return store_driver::directories;
  }
  return store_driver::erofs;
}

}  // namespace lxr::image
