// SPDX-License-Identifier: Apache-2.0
#include "tests/support/store_drivers.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/erofs/index.hpp"
#include "io/mount/erofs.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/layer/layer_index.hpp"
#include "pipeline/layer/layer_writer.hpp"
#include "pipeline/layer/top_layer.hpp"
#include "pipeline/store/driver.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::test {

using namespace layer;

namespace {

std::string attributes_of(int fd) {
  char names[4096];
  const ssize_t size = ::flistxattr(fd, names, sizeof names);
  std::map<std::string, std::string> all;
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(std::strlen(names + at)) + 1) {
    char value[70000];
    const ssize_t got = ::fgetxattr(fd, names + at, value, sizeof value);
    all[names + at] = std::string(value, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  }
  std::string out;
  all.erase(io::erofs::implied_mark);  // only the erofs driver remembers that
  for (const auto& [name, value] : all) out += " " + name + "=" + std::to_string(std::hash<std::string>{}(value));
  return out;
}

void describe_tree(int directory, const std::string& path, std::map<std::string, std::string>& out) {
  for (const std::string& name : file::list_at(directory, ".")) {
    struct stat st{};
    if (::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("look at", path + name);
    std::string line = std::to_string(st.st_mode) + " " + std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid);
    if (!S_ISDIR(st.st_mode)) line += " links " + std::to_string(st.st_nlink) + " size " + std::to_string(st.st_size);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) line += " device " + std::to_string(st.st_rdev);
    if (S_ISCHR(st.st_mode) && st.st_rdev == 0) line = "whiteout";  // whose it is says nothing
    if (S_ISLNK(st.st_mode)) {
      char target[8192];
      const ssize_t size = ::readlinkat(directory, name.c_str(), target, sizeof target);
      line += " -> " + std::string(target, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    }
    // Times of whiteouts and of parents no member named are nobody's.
    if (st.st_mtime < 1'750'000'000 && st.st_mtime != 0)
      line += " at " + std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec);
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)) {
      const unique_fd fd = file::open_at(directory, name, O_RDONLY | O_NOFOLLOW);
      line += attributes_of(fd.get());
      if (S_ISREG(st.st_mode))
        line += " " + std::to_string(std::hash<std::string>{}(file::read_all(fd.get(), name, 64u << 20)));
      if (S_ISDIR(st.st_mode)) describe_tree(fd.get(), path + name + "/", out);
    }
    out[path + name] = line;
  }
}

void unpack_tree(const temp_directory& dir, const std::string& archive) {
  file::make_directory_at(dir.fd(), "root", 0755);
  layer::pull_budget budget;
  layer::layer_writer writer(file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY),
                             file::open_at(dir.fd(), "root", O_RDONLY | O_DIRECTORY), budget);
  io::tar::reader reader(writer);
  reader.feed(as_bytes(archive));
  reader.finish();
  for (const layer::pending_write& w : writer.take_writes()) {
    if (::pwrite(w.file->fd.get(), w.data.get(), w.size, static_cast<off_t>(w.offset)) != static_cast<ssize_t>(w.size))
      throw_errno("write", "file");
  }
  for (const auto& f : writer.take_finished()) f->finish();
  writer.finish();
}

io::erofs::tree tree_of(const std::string& archive) {
  layer::pull_budget budget;
  layer::layer_index index(budget);
  io::tar::reader reader(index);
  for (std::size_t at = 0; at < archive.size(); at += 1000)
    reader.feed(as_bytes(std::string_view(archive).substr(at, 1000)));
  reader.finish();
  return index.take_tree().first;
}

std::string whole_blocks(std::string data) {
  data.resize((data.size() + 511) / 512 * 512, '\0');
  return data;
}

description described(int root) {
  description out(std::in_place);
  describe_tree(file::open_at(root, ".", O_RDONLY | O_DIRECTORY).get(), "", *out);
  return out;
}

}  // namespace

description by_directories(const std::string& archive) {
  const temp_directory dir;
  try {
    unpack_tree(dir, archive);
  } catch (const error&) {
    return std::nullopt;
  }
  return described(file::open_at(dir.fd(), "root", O_RDONLY | O_DIRECTORY).get());
}

description by_erofs(const std::string& archive) {
  const temp_directory dir;
  const std::string data = whole_blocks(archive);
  try {
    const std::uint64_t size = data.size();
    file::replace_at(dir.fd(), layer::index_file, io::erofs::make_index(tree_of(archive), {&size, 1}), 0600);
    file::replace_at(dir.fd(), layer::data_file, data, 0600);
  } catch (const error&) {
    return std::nullopt;
  }
  return described(layer::mount_layer(dir.fd()).get());
}

description image_by_directories(const std::vector<std::string>& archives) {
  std::vector<temp_directory> dirs(archives.size() + 1);  // the last one is the image's
  std::vector<unique_fd> layers;
  try {
    for (std::size_t i = 0; i < archives.size(); ++i) {
      unpack_tree(dirs[i], archives[i]);
      layers.push_back(file::open_at(dirs[i].fd(), ".", O_RDONLY | O_DIRECTORY));
    }
  } catch (const error&) {
    return std::nullopt;
  }
  std::vector<unique_fd> roots;
  layer::pull_budget budget;
  if (make_top_layer(layers, dirs.back().fd(), budget))
    roots.push_back(file::open_at(dirs.back().fd(), "root", O_RDONLY | O_DIRECTORY));
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer)
    roots.push_back(file::open_at(layer->get(), "root", O_RDONLY | O_DIRECTORY));
  io::mount::overlay_layers lowers;
  for (const unique_fd& root : roots) lowers.lowers.push_back(root.get());
  return described(io::mount::mount_overlay(lowers).get());
}

description image_by_erofs(const std::vector<std::string>& archives) {
  const temp_directory dir;
  io::erofs::tree whole;
  std::vector<std::uint64_t> sizes;
  std::vector<unique_fd> data;
  try {
    for (const std::string& archive : archives) {
      whole.lay_over(tree_of(archive), static_cast<std::uint16_t>(sizes.size() + 1));
      const std::string name = std::to_string(sizes.size()), bytes = whole_blocks(archive);
      file::replace_at(dir.fd(), name, bytes, 0600);
      data.push_back(file::open_at(dir.fd(), name, O_RDONLY));
      sizes.push_back(bytes.size());
    }
    file::replace_at(dir.fd(), layer::index_file, io::erofs::make_index(whole, sizes), 0600);
  } catch (const error&) {
    return std::nullopt;
  }
  return described(io::mount::mount_erofs(file::open_at(dir.fd(), layer::index_file, O_RDONLY).get(), data).get());
}

}  // namespace lxr::test
