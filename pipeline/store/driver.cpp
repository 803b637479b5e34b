// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/driver.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/index.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::store {
namespace {

// Makes an empty layer and mounts it like a real one.
unique_fd mount_empty_layer(int directory) {
  const io::erofs::tree empty;
  const std::uint64_t size = 512;
  file::replace_at(directory, layer::index_file, io::erofs::make_index(empty, {&size, 1}), 0600);
  file::replace_at(directory, layer::data_file, std::string(size, 0), 0600);
  return layer::mount_layer(directory);
}

unique_fd make_directory(int directory, const char* name) {
  file::make_directory_at(directory, name);
  return file::open_at(directory, name, O_RDONLY | O_DIRECTORY);
}

// Mounts a container root for trial: `layer` below, a writable layer above.
void mount_root(int directory, int layer) {
  const unique_fd upper = make_directory(directory, "upper"), work = make_directory(directory, "work");
  io::mount::mount_overlay({{layer}, upper.get(), work.get()});
}

bool is_on_overlay(int directory) {
  struct statfs fs{};
  return ::fstatfs(directory, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

// Throws errc::unsupported when the store's filesystem cannot carry a container root. Ignores other failures, such as a
// missing right to mount: starting a container reports them.
void try_directories(const instance& where, int directory) {
  try {
    mount_root(directory, make_directory(directory, "lower").get());
  } catch (const error& e) {
    if (e.code() != errc::unsupported && e.code() != std::errc::invalid_argument) return;
    throw error(errc::unsupported, "keep images and containers in", where.root(),
                is_on_overlay(directory) ? "it lies on overlayfs, which cannot lie below another overlayfs" : e.what(),
                "use a directory of another filesystem (--root DIR, or LXR_ROOT); in a container: one of a volume");
  }
}

layer::store_driver try_drivers(const instance& where, int directory, const std::string& asked) {
  std::exception_ptr failure;
  if (asked != "directories") {
    try {
      mount_root(directory, mount_empty_layer(directory).get());
      return layer::store_driver::erofs;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  try_directories(where, directory);
  if (asked == "erofs") std::rethrow_exception(failure);
  return layer::store_driver::directories;
}

}  // namespace

layer::store_driver choose_driver(const instance& where) {
  const char* const asked = std::getenv("LXR_STORE_DRIVER");
  const std::string word = asked == nullptr ? "" : asked;
  if (word != "" && word != "erofs" && word != "directories") {
    throw error(errc::invalid_argument, "use store driver", '"' + word + '"', "there is no such driver",
                "LXR_STORE_DRIVER is directories or erofs");
  }
  const image_store images(where);
  const image_store::staging place = images.begin();
  std::exception_ptr failure;
  layer::store_driver chosen{};
  try {
    chosen = try_drivers(where, place.directory.get(), word);
  } catch (...) {
    failure = std::current_exception();
  }
  images.discard(place);
  if (failure) std::rethrow_exception(failure);
  return chosen;
}

}  // namespace lxr::store
