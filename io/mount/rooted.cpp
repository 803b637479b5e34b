// SPDX-License-Identifier: Apache-2.0
#include "io/mount/rooted.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/in_root.hpp"

namespace lxr::io::mount {

int try_open_rooted(int root, const std::string& path, int flags) {
  const int more = (flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY;
  const long fd = open_in_root(root, path.empty() ? "." : path.c_str(), static_cast<unsigned>(flags | more));
  if (fd >= 0) return static_cast<int>(fd);
  errno = static_cast<int>(-fd);
  return -1;
}

std::optional<unique_fd> open_rooted(int root, const std::string& path, int flags) {
  const int fd = try_open_rooted(root, path, flags);
  if (fd >= 0) return unique_fd(fd);
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::nullopt;
  if (errno == ENOSYS)
    throw error(errc::unsupported, "open", path, "this kernel has no openat2", "Linux 5.6 or newer is needed");
  throw_errno("open in container root", path);
}

namespace {

// A regular file, found by O_PATH. What is none is never opened: to open a device may have effects, and a FIFO waits
// for a peer.
struct found_file {
  unique_fd place;
  std::size_t size;

  [[nodiscard]] unique_fd open(const std::string& path) const {
    unique_fd fd(::open(("/proc/self/fd/" + std::to_string(place.get())).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw_errno("open in container root", path);
    return fd;
  }
};

std::optional<found_file> find_regular_file(int root, const std::string& path) {
  auto place = open_rooted(root, path, O_PATH);
  if (!place) return std::nullopt;
  struct stat st{};
  if (::fstat(place->get(), &st) != 0) throw_errno("examine", path);
  if (!S_ISREG(st.st_mode)) throw error(errc::corrupt, "read the image's", path, "it is not a regular file");
  return found_file{std::move(*place), static_cast<std::size_t>(st.st_size)};
}

// Up to `size` bytes, as fstat(2) has told; fewer when the file has become shorter.
std::string read_bytes(int fd, const std::string& path, std::size_t size) {
  std::string content(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(fd, content.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read the image's", path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return content;
}

}  // namespace

std::optional<unique_fd> open_regular_file(int root, const std::string& path) {
  const auto found = find_regular_file(root, path);
  if (!found) return std::nullopt;
  return found->open(path);
}

std::optional<std::string> read_rooted(int root, const std::string& path, std::size_t limit) {
  const auto found = find_regular_file(root, path);
  if (!found) return std::nullopt;
  if (found->size > limit) throw error(errc::exhausted, "read the image's", path, "it is larger than lxr accepts");
  const unique_fd fd = found->open(path);
  return read_bytes(fd.get(), path, found->size);
}

}  // namespace lxr::io::mount
