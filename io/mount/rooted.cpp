#include "io/mount/rooted.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::io::mount {

int try_open_rooted(int root, const std::string& path, int flags) {
  constexpr int attempts = 64;
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0u : static_cast<unsigned>(O_NONBLOCK | O_NOCTTY));
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    fd = ::syscall(SYS_openat2, root, path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) break;  // a rename or mount, anywhere, while ".." was resolved
  }
  return static_cast<int>(fd);
}

std::optional<unique_fd> open_rooted(int root, const std::string& path, int flags) {
  const int fd = try_open_rooted(root, path, flags);
  if (fd >= 0) return unique_fd(fd);
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return std::nullopt;
  if (errno == ENOSYS) throw error(errc::unsupported, "open", path, "this kernel has no openat2", "Linux 5.6 or newer is needed");
  throw_errno("open in container root", path);
}

std::optional<std::string> read_rooted(int root, const std::string& path, std::size_t limit) {
  const auto fd = open_rooted(root, path, O_RDONLY);
  if (!fd) return std::nullopt;
  struct stat st {};
  if (::fstat(fd->get(), &st) != 0) throw_errno("examine", path);
  if (!S_ISREG(st.st_mode)) throw error(errc::corrupt, "read the image's", path, "it is not a regular file");
  if (static_cast<std::size_t>(st.st_size) > limit) throw error(errc::exhausted, "read the image's", path, "it is larger than lxr accepts");
  return file::read_all(fd->get(), path, limit);
}

}  // namespace lxr::io::mount
