// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>

#include "core/base/raw_syscall.hpp"

namespace lxr {

// openat2(2) of `path` from the directory `base` with RESOLVE_* flags. Returns a close-on-exec descriptor, or a negated
// errno. While it resolves "..", the kernel answers EAGAIN whenever anything on the host is renamed or mounted: that is
// tried again, `attempts` times. No libc is called: for lxr's own processes and for the code between clone and exec.
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

// The one walker of directories that may hold anything: symbolic links and ".." stay inside `root`, magic links of
// procfs are refused.
inline constexpr unsigned long resolve_in_root = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
inline long open_in_root(int root, const char* path, unsigned long flags, unsigned long mode = 0) noexcept {
  return open_resolving(root, path, flags, resolve_in_root, mode);
}

}  // namespace lxr
