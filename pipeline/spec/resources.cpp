// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "core/base/error.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

struct device_number {
  std::int64_t major, minor;
};

device_number number_of(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) != 0) throw_errno("limit device", path);
  if (!S_ISBLK(st.st_mode))
    throw error(errc::invalid_argument, "limit device", path, "it is no block device", "name one below /dev");
  return {static_cast<std::int64_t>(major(st.st_rdev)), static_cast<std::int64_t>(minor(st.st_rdev))};
}

std::vector<oci::throttle_device> throttles(const std::vector<device_limit>& limits) {
  std::vector<oci::throttle_device> out;
  for (const device_limit& l : limits) {
    const device_number n = number_of(l.path);
    out.push_back({n.major, n.minor, l.value});
  }
  return out;
}

void add_memory(oci::resources_spec& r, const resource_options& o) {
  if (o.memory > 0) {
    r.memory.emplace().limit = o.memory;
    r.memory->swap = o.memory_swap != 0 ? o.memory_swap : 2 * o.memory;
  }
  if (o.memory_reservation > 0) {
    if (!r.memory) r.memory.emplace();
    r.memory->reservation = o.memory_reservation;
  }
  if (o.memory_swappiness || o.oom_kill_disable) {
    if (!r.memory) r.memory.emplace();
    r.memory->swappiness = o.memory_swappiness;
    if (o.oom_kill_disable) r.memory->disable_oom_killer = true;
  }
}

void add_cpu(oci::resources_spec& r, const resource_options& o) {
  constexpr std::uint64_t usual_period = 100'000;  // microseconds; the kernel's default
  oci::cpu_resources cpu;
  bool is_limited = false;
  const auto set = [&is_limited](auto& member, auto value) {
    member = value;
    is_limited = true;
  };
  if (o.cpus > 0) {
    set(cpu.period, usual_period);
    set(cpu.quota, static_cast<std::int64_t>(o.cpus * static_cast<double>(usual_period)));
  }
  if (o.cpu_period != 0) set(cpu.period, o.cpu_period);
  if (o.cpu_quota != 0) set(cpu.quota, o.cpu_quota);
  if (o.cpu_shares != 0) set(cpu.shares, o.cpu_shares);
  if (o.cpu_rt_period != 0) set(cpu.realtime_period, o.cpu_rt_period);
  if (o.cpu_rt_runtime != 0) set(cpu.realtime_runtime, o.cpu_rt_runtime);
  if (!o.cpuset_cpus.empty()) set(cpu.cpus, o.cpuset_cpus);
  if (!o.cpuset_mems.empty()) set(cpu.mems, o.cpuset_mems);
  if (is_limited) r.cpu = std::move(cpu);
}

void add_block_io(oci::resources_spec& r, const resource_options& o) {
  oci::block_io_resources io;
  if (o.blkio_weight != 0) io.weight = o.blkio_weight;
  for (const device_limit& l : o.blkio_weight_device) {
    const device_number n = number_of(l.path);
    io.weight_device_list.push_back({n.major, n.minor, static_cast<std::uint16_t>(l.value), {}});
  }
  io.throttle_read_bps = throttles(o.read_bps);
  io.throttle_write_bps = throttles(o.write_bps);
  io.throttle_read_iops = throttles(o.read_iops);
  io.throttle_write_iops = throttles(o.write_iops);
  const bool is_limited = io.weight || !io.weight_device_list.empty() || !io.throttle_read_bps.empty() ||
                          !io.throttle_write_bps.empty() || !io.throttle_read_iops.empty() ||
                          !io.throttle_write_iops.empty();
  if (is_limited) r.block_io = std::move(io);
}

}  // namespace

oci::resources_spec resources(const resource_options& options) {
  oci::resources_spec r;
  if (options.pids_limit > 0) r.pids.emplace().limit = options.pids_limit;
  add_memory(r, options);
  add_cpu(r, options);
  add_block_io(r, options);
  return r;
}

void add_resources(oci::runtime_spec& spec, const container_config& config) {
  spec.linux_part.resources = resources(config.resources);
}

}  // namespace lxr::spec
