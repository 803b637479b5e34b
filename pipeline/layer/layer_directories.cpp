// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_directories.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <vector>

#include "core/base/error.hpp"
#include "core/base/path_parts.hpp"
#include "io/erofs/tree.hpp"
#include "io/mount/rooted.hpp"

namespace lxr::layer {
namespace {

constexpr std::size_t kept_at_most = 64;
constexpr int links_limit = 40;                // as in the kernel
constexpr std::size_t parts_limit = 1u << 16;  // parts of one path, with its links

unique_fd open_in_root(int root, const std::string& path) {
  return unique_fd(io::mount::try_open_rooted(root, path, O_RDONLY | O_DIRECTORY));
}

unique_fd open_child(int directory, const std::string& name) {
  return unique_fd(::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::uint64_t inode_of(int fd) {
  struct stat st{};
  if (::fstat(fd, &st) != 0) throw_errno("look at", "directory");
  return st.st_ino;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : "/") + part;
  return out;
}

std::string target_of(int directory, const std::string& link, const std::string& path) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(directory, link.c_str(), target, sizeof target);
  if (size <= 0) throw_errno(size < 0 && errno == EINVAL ? ENOTDIR : errno, "unpack into directory", path);
  return {target, static_cast<std::size_t>(size)};
}

// Returns true for a name that the layer has whited out. When a later path leads through it, make() turns it into an
// opaque directory, which hides what the layers below have there.
bool is_whiteout(int directory, const std::string& name) {
  struct stat st{};
  return ::fstatat(directory, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == 0;
}

}  // namespace

layer_directories::layer_directories(unique_fd root, std::function<void(const std::string&)> count)
    : root_(std::move(root)), count_(std::move(count)) {
  implied_.insert(inode_of(root_.get()));
}

int layer_directories::of(const std::string& path) {
  auto found = recent_.find(path);
  if (found == recent_.end()) {
    unique_fd fd = open_in_root(root_.get(), path);
    if (!fd && errno != ENOENT && errno != ENOTDIR) throw_errno("unpack into directory", path);
    if (!fd) fd = make(path);
    if (recent_.size() >= kept_at_most) recent_.clear();
    found = recent_.emplace(path, std::move(fd)).first;
  }
  return found->second.get();
}

unique_fd layer_directories::open(const std::string& path) const {
  unique_fd fd = open_in_root(root_.get(), path);
  if (!fd) throw_errno("unpack into directory", path);
  return fd;
}

// Walks the path part by part: a symbolic link may lead through a missing directory, where openat2(2) gives up.
unique_fd layer_directories::make(const std::string& path) {
  std::vector<std::string> coming, way;  // way: the parts from the root to `at`, links resolved
  push_parts(coming, path);
  unique_fd at = open("");
  for (int links = 0; !coming.empty();) {
    const std::string part = std::move(coming.back());
    coming.pop_back();
    if (part == ".") continue;
    if (part == "..") {
      if (!way.empty()) way.pop_back();
      at = open(joined(way));
    } else if (unique_fd next = open_child(at.get(), part)) {
      way.push_back(part);
      at = std::move(next);
    } else if (errno == ENOENT) {
      for (const std::string& name : take_missing(coming, part)) {
        at = make_below(std::move(at), way, name);
      }
    } else if (is_whiteout(at.get(), part)) {
      if (::unlinkat(at.get(), part.c_str(), 0) != 0) throw_errno("unpack into directory", path);
      at = make_below(std::move(at), way, part);
      implied_.erase(inode_of(at.get()));
      if (::fsetxattr(at.get(), io::erofs::opaque_mark, "y", 1, 0) != 0) throw_errno("mark opaque", path);
    } else {
      const std::string target = target_of(at.get(), part, path);
      if (++links > links_limit || coming.size() > parts_limit) {
        throw error(errc::corrupt, "unpack", '"' + path.substr(0, 60) + '"',
                    "its parents lead through too many symbolic links");
      }
      if (target.starts_with('/')) {
        way.clear();
        at = open("");
      }
      push_parts(coming, target);
    }
  }
  return at;
}

// `way` is the path of `directory`; the path of the new one when it returns.
unique_fd layer_directories::make_below(unique_fd directory, std::vector<std::string>& way, const std::string& name) {
  way.push_back(name);
  count_(joined(way));
  if (::mkdirat(directory.get(), name.c_str(), 0755) != 0) throw_errno("make directory", name);
  unique_fd made = open_child(directory.get(), name);
  if (!made) throw_errno("open directory", name);
  implied_.insert(inode_of(made.get()));
  return made;
}

void layer_directories::forget_all_but(int directory) {
  std::erase_if(recent_, [directory](const auto& kept) { return kept.second.get() != directory; });
}

}  // namespace lxr::layer
