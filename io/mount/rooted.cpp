// SPDX-License-Identifier: Apache-2.0
#include "io/mount/rooted.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

// Opens by O_PATH first and checks the type: to open a device or FIFO for reading may have effects or wait for a peer.
std::optional<unique_fd> open_regular_file(int root, const std::string& path) {
  const auto found = open_rooted(root, path, O_PATH);
  if (!found) return std::nullopt;
  struct stat st{};
  if (::fstat(found->get(), &st) != 0) throw_errno("examine", path);
  if (!S_ISREG(st.st_mode)) throw error(errc::corrupt, "read the image's", path, "it is not a regular file");
  unique_fd fd(::open(("/proc/self/fd/" + std::to_string(found->get())).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) throw_errno("open in container root", path);
  return fd;
}

std::optional<std::string> read_rooted(int root, const std::string& path, std::size_t limit) {
  const auto fd = open_regular_file(root, path);
  if (!fd) return std::nullopt;
  struct stat st{};
  if (::fstat(fd->get(), &st) != 0) throw_errno("examine", path);
  if (static_cast<std::size_t>(st.st_size) > limit)
    throw error(errc::exhausted, "read the image's", path, "it is larger than lxr accepts");
  return file::read_all(fd->get(), path, limit);
}

}  // namespace lxr::io::mount
