// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>

#include "core/base/raw_syscall.hpp"

namespace lxr {

// Opens `path` from the directory `base` by openat2(2) with RESOLVE_* flags. Returns a close-on-exec descriptor, or a
// negated errno. The kernel answers EAGAIN when it resolves ".." while anything on the host is renamed or mounted; the
// call is then repeated, up to `attempts` times. Calls no libc, so that the code between clone3 and exec can use it.
inline long open_resolving(int base, const char* path, unsigned long flags, unsigned long resolve,
                           unsigned long mode = 0) noexcept {
  constexpr int attempts = 4096;  // of some microseconds each
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = resolve;
  long fd = -EAGAIN;
  for (int attempt = 0; attempt < attempts && fd == -EAGAIN; ++attempt) {
    fd = raw::call(SYS_openat2, base, raw::word(path), raw::word(&how), sizeof how);
  }
  return fd;
}

// Opens a path below a directory whose content is not trusted: symbolic links and ".." are resolved inside `root`,
// and magic links of procfs are refused. All of lxr opens files of a rootfs by this function.
inline constexpr unsigned long resolve_in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
inline long open_in_root(int root, const char* path, unsigned long flags, unsigned long mode = 0) noexcept {
  return open_resolving(root, path, flags, resolve_in_root, mode);
}

}  // namespace lxr
