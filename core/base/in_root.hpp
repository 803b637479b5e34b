#pragma once

#include <fcntl.h>
#include <linux/openat2.h>

#include <cerrno>

#include "core/base/raw_syscall.hpp"

namespace lxr {

// Opens `path` below the directory `root`, which may hold anything: symbolic links and ".." stay inside, magic links of procfs
// are refused (openat2(2), RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). Returns a close-on-exec descriptor, or a negated errno.
// While it resolves "..", the kernel answers EAGAIN whenever anything on the host is renamed or mounted: that is tried again,
// `attempts` times. The one walker for lxr's own processes and for the code between clone and exec: no libc is called.
inline long open_in_root(int root, const char* path, unsigned long flags, unsigned long mode = 0) noexcept {
  constexpr int attempts = 4096;  // of some microseconds each
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  long fd = -EAGAIN;
  for (int attempt = 0; attempt < attempts && fd == -EAGAIN; ++attempt) {
    fd = raw::call(SYS_openat2, root, raw::word(path), raw::word(&how), sizeof how);
  }
  return fd;
}

}  // namespace lxr
