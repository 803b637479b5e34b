// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"
#include "io/cgroup/settings.hpp"

namespace lxr::io::cgroup {
namespace {

class v1_writer {
 public:
  void put(std::string controller, std::string file, std::string value) {
    out.push_back({std::move(controller), std::move(file), std::move(value)});
  }
  // Callers write 0 for what they do not set.
  void put_set(const std::string& controller, const std::string& file, const std::optional<std::int64_t>& value) {
    if (value.value_or(0) != 0) put(controller, file, std::to_string(*value));
  }
  template <class Number>
  void put(const std::string& controller, const std::string& file, const std::optional<Number>& value) {
    if (value) put(controller, file, std::to_string(*value));
  }
  void put_if_there(const std::string& controller, const std::string& file, const std::optional<std::int64_t>& value) {
    if (value.value_or(0) == 0) return;
    put(controller, file, std::to_string(*value));
    out.back().is_optional = true;
  }
  void put_default(const std::string& controller, const std::string& file, const std::string& value) {
    put(controller, file, value);
    out.back().is_default = true;
  }

  // No limit of memory is above any of memory and swap, so that one goes first, as it does with runc.
  void add(const oci::memory_resources& m) {
    if (m.limit == -1 && !m.swap) put_if_there("memory", "memory.memsw.limit_in_bytes", -1);
    put_set("memory", "memory.limit_in_bytes", m.limit);
    put_if_there("memory", "memory.memsw.limit_in_bytes", m.swap);
    put_set("memory", "memory.soft_limit_in_bytes", m.reservation);
    put_if_there("memory", "memory.kmem.limit_in_bytes", m.kernel);
    put_if_there("memory", "memory.kmem.tcp.limit_in_bytes", m.kernel_tcp);
    put("memory", "memory.swappiness", m.swappiness);
    if (m.disable_oom_killer) put("memory", "memory.oom_control", *m.disable_oom_killer ? "1" : "0");
  }

  // Burst and quota may only be written in an order in which the burst is never above the quota.
  void add(const oci::cpu_resources& c) {
    if (c.shares && *c.shares != 0) put("cpu", "cpu.shares", c.shares);
    if (c.period && *c.period != 0) put("cpu", "cpu.cfs_period_us", c.period);
    if (c.quota && *c.quota != 0) put("cpu", "cpu.cfs_quota_us", c.quota);
    put("cpu", "cpu.cfs_burst_us", c.burst);
    if (c.realtime_period && *c.realtime_period != 0) put("cpu", "cpu.rt_period_us", c.realtime_period);
    if (c.realtime_runtime && *c.realtime_runtime != 0) put("cpu", "cpu.rt_runtime_us", c.realtime_runtime);
    put("cpu", "cpu.idle", c.idle);
    if (!c.cpus.empty()) put("cpuset", "cpuset.cpus", c.cpus);
    if (!c.mems.empty()) put("cpuset", "cpuset.mems", c.mems);
  }

  void add(const oci::block_io_resources& b) {
    if (b.weight && *b.weight != 0) put("blkio", "blkio.weight", b.weight);
    if (b.leaf_weight && *b.leaf_weight != 0) put("blkio", "blkio.leaf_weight", b.leaf_weight);
    for (const oci::weight_device& d : b.weight_device_list) {
      if (d.weight) put("blkio", "blkio.weight_device", name_of(d) + " " + std::to_string(*d.weight));
      if (d.leaf_weight) put("blkio", "blkio.leaf_weight_device", name_of(d) + " " + std::to_string(*d.leaf_weight));
    }
    throttle("blkio.throttle.read_bps_device", b.throttle_read_bps);
    throttle("blkio.throttle.write_bps_device", b.throttle_write_bps);
    throttle("blkio.throttle.read_iops_device", b.throttle_read_iops);
    throttle("blkio.throttle.write_iops_device", b.throttle_write_iops);
  }

  void add(const oci::network_resources& n) {
    if (n.class_id.value_or(0) != 0) put("net_cls", "net_cls.classid", n.class_id);
    for (const oci::network_priority& p : n.priorities)
      put("net_prio", "net_prio.ifpriomap", p.name + " " + std::to_string(p.priority));
  }

  std::vector<setting> out;

 private:
  template <class Device>
  static std::string name_of(const Device& d) {
    return std::to_string(d.major) + ":" + std::to_string(d.minor);
  }
  void throttle(const std::string& file, const std::vector<oci::throttle_device>& devices) {
    for (const oci::throttle_device& d : devices) put("blkio", file, name_of(d) + " " + std::to_string(d.rate));
  }
};

}  // namespace

std::vector<setting> settings_v1(const oci::resources_spec& r) {
  v1_writer w;
  if (r.pids && r.pids->limit) {
    if (*r.pids->limit > 0) {
      w.put("pids", "pids.max", std::to_string(*r.pids->limit));
    } else {
      w.put_default("pids", "pids.max", "max");
    }
  }
  if (r.memory) w.add(*r.memory);
  if (r.cpu) w.add(*r.cpu);
  if (r.block_io) w.add(*r.block_io);
  for (const oci::hugepage_limit& h : r.hugepage_limits)
    w.put("hugetlb", "hugetlb." + h.page_size + ".limit_in_bytes", std::to_string(h.limit));
  if (r.network) w.add(*r.network);
  for (const auto& [device, limit] : r.rdma) {
    if (limit.hca_handles) w.put("rdma", "rdma.max", device + " hca_handle=" + std::to_string(*limit.hca_handles));
    if (limit.hca_objects) w.put("rdma", "rdma.max", device + " hca_object=" + std::to_string(*limit.hca_objects));
  }
  if (!r.unified.empty())
    throw error(errc::unsupported, "use", "linux.resources.unified", "this host's cgroups are of version 1");
  return std::move(w.out);
}

}  // namespace lxr::io::cgroup
