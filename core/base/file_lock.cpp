// SPDX-License-Identifier: Apache-2.0
#include "core/base/file_lock.hpp"

#include <sys/file.h>

#include <cerrno>

#include "core/base/error.hpp"

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

}  // namespace lxr::file
