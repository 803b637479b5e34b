// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

// Processor time of everything that ran on this machine, the kernel's own threads included: what a start leaves for
// daemons, monitors and the kernel's deferred work counts. Nothing else should be running.
namespace lxr::bench {

// In milliseconds; from cgroup v1's cpuacct or v2's cpu.stat at the root. Below zero: this host has neither.
inline double machine_cpu_ms() {
  char text[256] = {};
  for (const char* path : {"/sys/fs/cgroup/cpuacct/cpuacct.usage", "/sys/fs/cgroup/cpu,cpuacct/cpuacct.usage",
                           "/sys/fs/cgroup/cpu.stat"}) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    const ssize_t got = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    if (got <= 0) continue;
    if (std::strncmp(text, "usage_usec ", 11) == 0) return std::strtod(text + 11, nullptr) / 1e3;
    return std::strtod(text, nullptr) / 1e6;
  }
  return -1;
}

}  // namespace lxr::bench
