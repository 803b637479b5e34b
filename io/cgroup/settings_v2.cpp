// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "io/cgroup/settings.hpp"

namespace lxr::io::cgroup {
namespace {

[[noreturn]] void refuse(const std::string& property) {
  throw error(errc::unsupported, "use", "linux.resources." + property, "cgroup v2 has no such setting");
}

std::string limit_text(std::int64_t limit) { return limit < 0 ? "max" : std::to_string(limit); }

class v2_writer {
 public:
  void put(std::string file, std::string value) {
    std::string controller = file.substr(0, file.find('.'));
    out.push_back({std::move(controller), std::move(file), std::move(value)});
  }

  // A runtime-spec has one limit for memory and one for memory and swap together; v2 limits each.
  void add(const oci::memory_resources& m) {
    if (m.swappiness) refuse("memory.swappiness");
    if (m.disable_oom_killer.value_or(false)) refuse("memory.disableOOMKiller");
    if (m.limit && *m.limit != 0) put("memory.max", limit_text(*m.limit));
    if (m.swap && *m.swap != 0) {
      put("memory.swap.max", swap_alone(m));
      out.back().is_optional = true;
    }
    if (m.reservation && *m.reservation != 0) put("memory.low", limit_text(*m.reservation));
  }

  void add(const oci::cpu_resources& c) {
    if (c.realtime_period.value_or(0) != 0 || c.realtime_runtime.value_or(0) != 0) refuse("cpu.realtimeRuntime");
    if (c.idle) put("cpu.idle", std::to_string(*c.idle));
    if (c.shares && *c.shares != 0) put("cpu.weight", std::to_string(cpu_weight(*c.shares)));
    if (c.quota.value_or(0) != 0 || c.period.value_or(0) != 0) {
      const std::string quota = c.quota.value_or(-1) <= 0 ? "max" : std::to_string(*c.quota);
      put("cpu.max", quota + " " + std::to_string(c.period.value_or(0) == 0 ? 100'000 : *c.period));
    }
    if (c.burst) put("cpu.max.burst", std::to_string(*c.burst));
    if (!c.cpus.empty()) put("cpuset.cpus", c.cpus);
    if (!c.mems.empty()) put("cpuset.mems", c.mems);
  }

  void add(const oci::block_io_resources& b) {
    if (b.leaf_weight.value_or(0) != 0) refuse("blockIO.leafWeight");
    // io.weight counts from 1 to 10,000, blkio.weight from 10 to 1,000.
    if (b.weight && *b.weight != 0) put("io.weight", "default " + std::to_string(1 + (*b.weight - 10) * 9999 / 990));
    for (const oci::weight_device& d : b.weight_device_list) {
      if (d.leaf_weight) refuse("blockIO.weightDevice.leafWeight");
      if (d.weight) put("io.weight", name_of(d) + " " + std::to_string(1 + (*d.weight - 10) * 9999 / 990));
    }
    throttle("rbps", b.throttle_read_bps);
    throttle("wbps", b.throttle_write_bps);
    throttle("riops", b.throttle_read_iops);
    throttle("wiops", b.throttle_write_iops);
  }

  std::vector<setting> out;

 private:
  static std::string swap_alone(const oci::memory_resources& m) {
    if (*m.swap < 0) return "max";
    if (!m.limit || *m.limit <= 0) {
      throw error(errc::invalid_argument, "use", "linux.resources.memory.swap",
                  "it limits memory and swap together, so there must be a limit of memory");
    }
    if (*m.swap < *m.limit)
      throw error(errc::invalid_argument, "use", "linux.resources.memory.swap", "it is below the limit of memory");
    return std::to_string(*m.swap - *m.limit);
  }
  template <class Device>
  static std::string name_of(const Device& d) {
    return std::to_string(d.major) + ":" + std::to_string(d.minor);
  }
  void throttle(const std::string& key, const std::vector<oci::throttle_device>& devices) {
    for (const oci::throttle_device& d : devices)
      put("io.max", name_of(d) + " " + key + "=" + (d.rate == 0 ? "max" : std::to_string(d.rate)));
  }
};

}  // namespace

std::uint64_t cpu_weight(std::uint64_t shares) {
  const double l = std::log2(static_cast<double>(std::clamp<std::uint64_t>(shares, 2, 262'144)));
  const double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(std::pow(10.0, exponent) - 1e-9)), 1, 10'000);
}

std::vector<setting> settings_v2(const oci::resources_spec& r) {
  v2_writer w;
  if (r.pids && r.pids->limit) {
    w.put("pids.max", *r.pids->limit > 0 ? std::to_string(*r.pids->limit) : "max");
    w.out.back().is_default = *r.pids->limit <= 0;
  }
  if (r.memory) w.add(*r.memory);
  if (r.cpu) w.add(*r.cpu);
  if (r.block_io) w.add(*r.block_io);
  for (const oci::hugepage_limit& h : r.hugepage_limits)
    w.put("hugetlb." + h.page_size + ".max", std::to_string(h.limit));
  if (r.network && (r.network->class_id.value_or(0) != 0 || !r.network->priorities.empty())) refuse("network");
  for (const auto& [device, limit] : r.rdma) {
    if (limit.hca_handles) w.put("rdma.max", device + " hca_handle=" + std::to_string(*limit.hca_handles));
    if (limit.hca_objects) w.put("rdma.max", device + " hca_object=" + std::to_string(*limit.hca_objects));
  }
  for (const auto& [file, value] : r.unified) {
    if (file.find('/') != std::string::npos || file.find('.') == std::string::npos || file.starts_with("cgroup."))
      throw error(errc::invalid_argument, "use", "linux.resources.unified",
                  '"' + file + "\" is no file of a controller");
    w.put(file, value);
  }
  return std::move(w.out);
}

}  // namespace lxr::io::cgroup
