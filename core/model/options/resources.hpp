// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json_fields.hpp"

namespace lxr {

// A limit of one block device: a weight (10..1000), or bytes or operations a second.
struct device_limit {
  std::string path;  // of the device's node on the host
  std::uint64_t value = 0;
};

// What a container may use. Zero, empty or none: no limit, or what the kernel gives a new cgroup.
struct resource_options {
  std::int64_t memory = 0, memory_reservation = 0;  // bytes
  std::int64_t memory_swap = 0;                     // bytes of both together; 0: twice the memory; -1: no limit
  std::optional<std::uint64_t> memory_swappiness;   // 0..100
  bool oom_kill_disable = false;
  double cpus = 0;  // processors
  std::uint64_t cpu_shares = 0;
  std::uint64_t cpu_period = 0, cpu_rt_period = 0;  // microseconds
  std::int64_t cpu_quota = 0, cpu_rt_runtime = 0;   // microseconds
  std::string cpuset_cpus, cpuset_mems;             // lists: "0-3,7"
  std::uint16_t blkio_weight = 0;
  std::vector<device_limit> blkio_weight_device, read_bps, write_bps, read_iops, write_iops;
  std::int64_t pids_limit = 2048;  // processes and threads; 0 or less: no limit
};

template <class Format, json::same_struct<device_limit> T>
void describe(Format& f, T& v) {
  f("path", v.path);
  f("value", v.value);
}

template <class Format, json::same_struct<resource_options> T>
void describe(Format& f, T& v) {
  f("memory", v.memory);
  f("memoryReservation", v.memory_reservation);
  f("memorySwap", v.memory_swap);
  f("memorySwappiness", v.memory_swappiness);
  f("oomKillDisable", v.oom_kill_disable);
  f("cpus", v.cpus);
  f("cpuShares", v.cpu_shares);
  f("cpuPeriod", v.cpu_period);
  f("cpuQuota", v.cpu_quota);
  f("cpuRtPeriod", v.cpu_rt_period);
  f("cpuRtRuntime", v.cpu_rt_runtime);
  f("cpusetCpus", v.cpuset_cpus);
  f("cpusetMems", v.cpuset_mems);
  f("blkioWeight", v.blkio_weight);
  f("blkioWeightDevice", v.blkio_weight_device);
  f("deviceReadBps", v.read_bps);
  f("deviceWriteBps", v.write_bps);
  f("deviceReadIops", v.read_iops);
  f("deviceWriteIops", v.write_iops);
  f("pidsLimit", v.pids_limit);
}

}  // namespace lxr
