// SPDX-License-Identifier: Apache-2.0
#include "core/base/file_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::file {

void lock(int fd, lock_kind kind, const std::string& name) {
  while (::flock(fd, kind == lock_kind::shared ? LOCK_SH : LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno("lock", name);
  }
}

bool try_lock(int fd, const std::string& name, lock_kind kind) {
  while (::flock(fd, (kind == lock_kind::shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw_errno("lock", name);
  }
  return true;
}

void unlock(int fd) noexcept { ::flock(fd, LOCK_UN); }

unique_fd lock_directory(int base, const std::string& directory, lock_kind kind, const std::string& what) {
  constexpr int patience_ms = 2000;
  make_directory_at(base, directory);
  unique_fd fd = open_at(base, directory, O_RDONLY | O_DIRECTORY);
  for (int ms = 0; !try_lock(fd.get(), directory, kind); ++ms) {
    if (ms == patience_ms)
      throw error(errc::conflict, "use", what, "another lxr is working on it", "wait until that is done, or end it");
    ::poll(nullptr, 0, 1);
  }
  return fd;
}

}  // namespace lxr::file
