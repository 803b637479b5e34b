// SPDX-License-Identifier: Apache-2.0
#include "pipeline/volume/copy_tree.hpp"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::volume {
namespace {

constexpr int depth_limit = 256;
constexpr mode_t permissions = 07777;

// Paths, here and in errors, start at the directory that is copied.
class tree_copy {
 public:
  explicit tree_copy(int top) : top_(top) {}

  void copy_directory(int from, int to, const std::string& path, int depth) {
    if (depth > depth_limit) throw error(errc::unsupported, "copy", path, "its directories are nested too deeply");
    struct stat st{};
    if (::fstat(from, &st) != 0) throw_errno("look at", path);
    if (depth == 0) device_ = st.st_dev;
    for (const std::string& name : file::list_at(from, "."))
      copy_entry(from, to, name, depth == 0 ? name : path + "/" + name, depth);
    finish(to, st, path);
    copy_attributes(from, to, path);
  }

 private:
  void copy_entry(int from, int to, const std::string& name, const std::string& path, int depth) {
    struct stat st{};
    if (::fstatat(from, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("look at", path);
    if (S_ISDIR(st.st_mode)) {
      if (st.st_dev != device_) return;  // a mount
      const unique_fd inner = file::open_at(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      if (::mkdirat(to, name.c_str(), 0700) != 0) throw_errno("make", path);
      const unique_fd made = file::open_at(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      copy_directory(inner.get(), made.get(), path, depth + 1);
      return;
    }
    if (st.st_nlink > 1 && link_known(st, to, name, path)) return;
    if (S_ISREG(st.st_mode)) return copy_file(from, to, name, path);
    if (S_ISLNK(st.st_mode)) {
      copy_link(from, to, name, path);
    } else if (::mknodat(to, name.c_str(), st.st_mode, st.st_rdev) != 0) {
      throw_errno("make", path);
    }
    if (::fchownat(to, name.c_str(), st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) != 0) throw_errno("own", path);
    if (!S_ISLNK(st.st_mode) && ::fchmodat(to, name.c_str(), st.st_mode & permissions, 0) != 0)
      throw_errno("set mode of", path);
    const timespec times[2] = {st.st_atim, st.st_mtim};
    ::utimensat(to, name.c_str(), times, AT_SYMLINK_NOFOLLOW);
  }

  // Returns true for a further name of a file that was copied.
  bool link_known(const struct stat& st, int to, const std::string& name, const std::string& path) {
    const auto [first, fresh] = links_.try_emplace(std::pair(st.st_dev, st.st_ino), path);
    if (fresh) return false;
    if (::linkat(top_, first->second.c_str(), to, name.c_str(), 0) != 0) throw_errno("link", path);
    return true;
  }

  static void copy_file(int from, int to, const std::string& name, const std::string& path) {
    const unique_fd in = file::open_at(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    const unique_fd out = file::open_at(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    struct stat st{};
    if (::fstat(in.get(), &st) != 0) throw_errno("look at", path);
    if (::ftruncate(out.get(), st.st_size) != 0) throw_errno("copy", path);
    off_t end = 0;
    for (off_t begin; end < st.st_size && (begin = ::lseek(in.get(), end, SEEK_DATA)) >= 0;) {
      end = ::lseek(in.get(), begin, SEEK_HOLE);
      if (end < 0) throw_errno("read", path);
      copy_range(in.get(), out.get(), begin, end, path);
    }
    finish(out.get(), st, path);
    copy_attributes(in.get(), out.get(), path);  // a change of the owner takes file capabilities away
  }

  // Holes are left out: an image of a few bytes may have a file of many with nothing but a hole.
  static void copy_range(int in, int out, off_t at, off_t end, const std::string& path) {
    while (at < end) {
      off_t from = at, to = at;
      const ssize_t done = ::copy_file_range(in, &from, out, &to, static_cast<std::size_t>(end - at), 0);
      if (done < 0 && errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
        throw_errno("copy", path);
      if (done < 0) return copy_bytes(in, out, at, end, path);
      if (done == 0) return;  // it became shorter
      at += done;
    }
  }

  static void copy_bytes(int in, int out, off_t at, off_t end, const std::string& path) {
    std::vector<char> buffer(256u << 10);
    while (at < end) {
      const auto wanted = std::min(buffer.size(), static_cast<std::size_t>(end - at));
      const ssize_t got = ::pread(in, buffer.data(), wanted, at);
      if (got < 0) throw_errno("read", path);
      if (got == 0) return;
      for (ssize_t put = 0; put < got;) {
        const ssize_t done = ::pwrite(out, buffer.data() + put, static_cast<std::size_t>(got - put), at + put);
        if (done < 0) throw_errno("write", path);
        put += done;
      }
      at += got;
    }
  }

  static void copy_link(int from, int to, const std::string& name, const std::string& path) {
    char target[PATH_MAX + 1];
    const ssize_t size = ::readlinkat(from, name.c_str(), target, PATH_MAX);
    if (size < 0) throw_errno("read", path);
    target[size] = 0;
    if (::symlinkat(target, to, name.c_str()) != 0) throw_errno("make", path);
  }

  // A filesystem that has none, or not those of this kind, keeps what it can.
  static void copy_attributes(int from, int to, const std::string& path) {
    const ssize_t size = ::flistxattr(from, nullptr, 0);
    if (size <= 0) return;
    std::string names(static_cast<std::size_t>(size), '\0');
    names.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::flistxattr(from, names.data(), names.size()))));
    for (std::size_t begin = 0; begin < names.size(); begin = names.find('\0', begin) + 1) {
      const char* name = names.c_str() + begin;
      if (std::string_view(name).starts_with("trusted.overlay.")) continue;  // of the layers, not of the file
      std::string value(XATTR_SIZE_MAX, '\0');
      const ssize_t got = ::fgetxattr(from, name, value.data(), value.size());
      if (got < 0) continue;
      if (::fsetxattr(to, name, value.data(), static_cast<std::size_t>(got), 0) != 0 && errno != EOPNOTSUPP &&
          errno != EPERM)
        throw_errno("set attributes of", path);
    }
  }

  static void finish(int to, const struct stat& st, const std::string& path) {
    if (::fchown(to, st.st_uid, st.st_gid) != 0) throw_errno("own", path);
    if (::fchmod(to, st.st_mode & permissions) != 0) throw_errno("set mode of", path);
    const timespec times[2] = {st.st_atim, st.st_mtim};
    ::futimens(to, times);
  }

  int top_;
  dev_t device_ = 0;
  std::map<std::pair<dev_t, ino_t>, std::string> links_;  // a file with several names → the first one
};

}  // namespace

void copy_tree(int from, int to, const std::string& name) { tree_copy(to).copy_directory(from, to, name, 0); }

}  // namespace lxr::volume
