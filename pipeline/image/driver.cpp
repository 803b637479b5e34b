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
    file::replace_at(directory.get(), "index.erofs", io::erofs::make_index(empty, 512), 0600);
    file::replace_at(directory.get(), "data.tar", std::string(512, 0), 0600);
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

unique_fd mount_layer(int directory) {
  const unique_fd index = file::open_at(directory, "index.erofs", O_RDONLY);
  const unique_fd data = file::open_at(directory, "data.tar", O_RDONLY);
  return io::mount::mount_erofs(index.get(), data.get());
}

store_driver choose_driver(const instance& where) {
  const char* const asked = std::getenv("LXR_STORE_DRIVER");
  const std::string word = asked == nullptr ? "directories" : asked;
  if (word == "directories") return store_driver::directories;
  if (word != "erofs") throw error(errc::invalid_argument, "use store driver", '"' + word + '"', "there is no such driver", "LXR_STORE_DRIVER is directories or erofs");
  try_erofs(where);
  return store_driver::erofs;
}

}  // namespace lxr::image
