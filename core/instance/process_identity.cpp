// SPDX-License-Identifier: Apache-2.0
#include "core/instance/process_identity.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace lxr {
namespace {

// Returns the start time in clock ticks, or 0 when there is no such process or it is a zombie.
std::uint64_t start_time_of(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const unique_fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  char text[1024];
  const ssize_t size = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return 0;
  const std::string_view stat(text, static_cast<std::size_t>(size));
  const auto name_end = stat.rfind(')');  // the process name before it may hold any character, also ')'
  if (name_end == std::string_view::npos || name_end + 2 >= stat.size()) return 0;
  std::string_view rest = stat.substr(name_end + 2);
  if (rest.front() == 'Z' || rest.front() == 'X') return 0;
  for (int field = 3; field < 22; ++field) {
    const auto space = rest.find(' ');
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space + 1);
  }
  return std::strtoull(std::string(rest.substr(0, rest.find(' '))).c_str(), nullptr, 10);
}

std::uint64_t read_boot() {
  const unique_fd fd(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t size = fd ? ::read(fd.get(), text, sizeof text) : 0;
  std::string digits;
  for (ssize_t i = 0; i < size && digits.size() < 16; ++i) {
    if (text[i] != '-') digits += text[i];
  }
  return std::strtoull(digits.c_str(), nullptr, 16);
}

}  // namespace

std::uint64_t this_boot() {
  static const std::uint64_t boot = read_boot();
  return boot;
}

bool process_identity::is_alive() const {
  return pid > 0 && start_time != 0 && start_time_of(pid) == start_time && boot == this_boot();
}

unique_fd process_identity::open() const {
  unique_fd fd(pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1);
  if (fd && !is_alive()) fd.reset();
  return fd;
}

process_identity identify(pid_t pid) { return {pid, start_time_of(pid), this_boot()}; }

json::object to_json(const process_identity& p) {
  return {{"pid", p.pid},
          {"startTime", static_cast<std::int64_t>(p.start_time)},
          {"boot", static_cast<std::int64_t>(p.boot)}};
}

process_identity get_process(const json::object& o, std::string_view key) {
  const json::object* p = json::find_object(o, key);
  if (p == nullptr) return {};
  return {static_cast<pid_t>(json::get_int(*p, "pid")), static_cast<std::uint64_t>(json::get_int(*p, "startTime")),
          static_cast<std::uint64_t>(json::get_int(*p, "boot"))};
}

}  // namespace lxr
