// SPDX-License-Identifier: Apache-2.0
#include "core/oci/runtime_spec/defaults.hpp"

#include <linux/capability.h>
#include <unistd.h>

namespace lxr::oci {

std::vector<mount_spec> default_mounts() {
  return {
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}, {}, {}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "noexec", "strictatime", "mode=755", "size=65536k"}, {}, {}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"},
       {},
       {}},
      {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}, {}, {}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}, {}, {}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}, {}, {}},
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "ro"}, {}, {}},
  };
}

std::vector<std::string> thermal_throttle_paths(const std::string& cpus) {
  std::vector<std::string> paths;
  for (int n = 0;; ++n) {
    const std::string cpu = cpus + "/cpu" + std::to_string(n), path = cpu + "/thermal_throttle";
    if (::access(path.c_str(), F_OK) == 0) {
      paths.push_back(path);
    } else if (paths.empty() ||
               ::access(cpu.c_str(), F_OK) != 0) {  // if the first processor has none, no other has: a virtual machine
      return paths;
    }
  }
}

const std::vector<std::string>& default_masked_paths() {
  static const std::vector<std::string> paths = [] {
    std::vector<std::string> all{"/proc/acpi",       "/proc/asound",      "/proc/interrupts",
                                 "/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
                                 "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
                                 "/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
    for (std::string& path : thermal_throttle_paths("/sys/devices/system/cpu")) all.push_back(std::move(path));
    return all;
  }();
  return paths;
}

const std::vector<std::string>& default_readonly_paths() {
  static const std::vector<std::string> paths{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  return paths;
}

std::uint64_t default_capabilities() {
  std::uint64_t set = 0;
  for (const int capability : {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL, CAP_NET_BIND_SERVICE,
                               CAP_SETFCAP, CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CAP_SYS_CHROOT}) {
    set |= std::uint64_t{1} << capability;
  }
  return set;
}

}  // namespace lxr::oci
