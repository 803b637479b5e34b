// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/statistics.hpp"

#include <cstdlib>

#include "io/cgroup/files.hpp"

namespace lxr::io::cgroup {
namespace {

constexpr std::uint64_t ns_per_us = 1000;

std::uint64_t number_in(const std::string& path) {
  return std::strtoull(read_file(path).value_or("").c_str(), nullptr, 10);  // "max": 0
}

// Without a limit v1 shows the largest number of pages.
std::uint64_t v1_limit(std::uint64_t shown) { return shown >= (std::uint64_t{1} << 62) ? 0 : shown; }

void add_v2(statistics& s, const std::string& group) {
  const std::string cpu = read_file(group + "/cpu.stat").value_or("");
  s.cpu = number_after(cpu, "usage_usec") * ns_per_us;
  s.cpu_user = number_after(cpu, "user_usec") * ns_per_us;
  s.cpu_system = number_after(cpu, "system_usec") * ns_per_us;
  s.throttled_periods = number_after(cpu, "nr_throttled");
  s.throttled_time = number_after(cpu, "throttled_usec") * ns_per_us;
  s.memory = number_in(group + "/memory.current");
  s.memory_limit = number_in(group + "/memory.max");
  s.cache = number_after(read_file(group + "/memory.stat").value_or(""), "inactive_file");
  s.swap = number_in(group + "/memory.swap.current");
  s.processes = number_in(group + "/pids.current");
  s.processes_limit = number_in(group + "/pids.max");
}

void add_v1(statistics& s, const layout& where, const std::string& path) {
  const std::string accounting = where.tree("cpuacct") + "/" + path, cpu = where.tree("cpu") + "/" + path,
                    memory = where.tree("memory") + "/" + path, pids = where.tree("pids") + "/" + path;
  s.cpu = number_in(accounting + "/cpuacct.usage");
  s.cpu_user = number_in(accounting + "/cpuacct.usage_user");
  s.cpu_system = number_in(accounting + "/cpuacct.usage_sys");
  const std::string throttling = read_file(cpu + "/cpu.stat").value_or("");
  s.throttled_periods = number_after(throttling, "nr_throttled");
  s.throttled_time = number_after(throttling, "throttled_time");
  s.memory = number_in(memory + "/memory.usage_in_bytes");
  s.memory_limit = v1_limit(number_in(memory + "/memory.limit_in_bytes"));
  s.cache = number_after(read_file(memory + "/memory.stat").value_or(""), "total_inactive_file");
  const std::uint64_t both = number_in(memory + "/memory.memsw.usage_in_bytes");
  s.swap = both > s.memory ? both - s.memory : 0;
  s.processes = number_in(pids + "/pids.current");
  s.processes_limit = number_in(pids + "/pids.max");
}

}  // namespace

statistics read_statistics(const layout& where, const std::string& path) {
  statistics s;
  if (where.unified) {
    add_v2(s, where.base + "/" + path);
  } else {
    add_v1(s, where, path);
  }
  return s;
}

}  // namespace lxr::io::cgroup
