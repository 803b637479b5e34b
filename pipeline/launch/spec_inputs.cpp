// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/spec_inputs.hpp"

#include <algorithm>
#include <string>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/words.hpp"

namespace lxr::launch {
namespace {

void refuse_if(bool asked, const std::string& property) {
  if (asked) throw error(errc::unsupported, "use", property, "lxr does not do that yet");
}

void check_namespaces(const oci::linux_spec& s, bool has_network) {
  using oci::namespace_kind;
  for (const oci::namespace_spec& n : s.namespaces) {
    refuse_if(!n.path.empty(), std::string("linux.namespaces: joining one of kind ") + oci::to_word(n.type));
    refuse_if(n.type == namespace_kind::user || n.type == namespace_kind::time,
              std::string("linux.namespaces: one of kind ") + oci::to_word(n.type));
  }
  if (!s.has(namespace_kind::mount)) {
    throw error(errc::invalid_argument, "use", "linux.namespaces",
                "without a mount namespace the mounts would be the host's");
  }
  if (has_network && !s.has(namespace_kind::network)) {
    throw error(errc::invalid_argument, "use", "linux.namespaces",
                "without a network namespace the settings would be the host's");
  }
}

void check_resources(const oci::resources_spec& r) {
  const oci::memory_resources memory = r.memory.value_or(oci::memory_resources());
  refuse_if(memory.reservation || memory.swap || memory.kernel || memory.kernel_tcp || memory.swappiness ||
                memory.disable_oom_killer.value_or(false) || memory.check_before_update.value_or(false),
            "linux.resources.memory, but for limit");
  const oci::cpu_resources cpu = r.cpu.value_or(oci::cpu_resources());
  refuse_if(cpu.shares || cpu.burst || cpu.realtime_period || cpu.realtime_runtime || cpu.idle || !cpu.cpus.empty() ||
                !cpu.mems.empty(),
            "linux.resources.cpu, but for quota and period");
  // Which devices there are is lxr's to decide: the default ones, and no mount of a container's root has others.
  refuse_if(std::ranges::any_of(r.devices, &oci::device_rule::allow), "linux.resources.devices that allow");
  refuse_if(r.block_io.has_value(), "linux.resources.blockIO");
  refuse_if(!r.hugepage_limits.empty(), "linux.resources.hugepageLimits");
  refuse_if(r.network.has_value(), "linux.resources.network");
  refuse_if(!r.rdma.empty(), "linux.resources.rdma");
  refuse_if(!r.unified.empty(), "linux.resources.unified");
}

bool has_hooks(const oci::hooks_spec& h) {
  return !(h.prestart.empty() && h.create_runtime.empty() && h.create_container.empty() && h.start_container.empty() &&
           h.poststart.empty() && h.poststop.empty());
}

}  // namespace

void check_supported(const oci::runtime_spec& spec, bool has_network) {
  const oci::linux_spec& s = spec.linux_part;
  check_namespaces(s, has_network);
  if (!s.has(oci::namespace_kind::uts) && !(spec.hostname.empty() && spec.domainname.empty())) {
    throw error(errc::invalid_argument, "use", "hostname", "without a uts namespace it would be the host's");
  }
  if (spec.process) check_supported(*spec.process);
  refuse_if(has_hooks(spec.hooks), "hooks");
  refuse_if(!s.uid_mappings.empty() || !s.gid_mappings.empty(), "linux.uidMappings");
  refuse_if(!s.devices.empty(), "linux.devices");
  refuse_if(!s.net_devices.empty(), "linux.netDevices");
  refuse_if(!s.rootfs_propagation.empty() && s.rootfs_propagation != "private" && s.rootfs_propagation != "rprivate",
            "linux.rootfsPropagation " + s.rootfs_propagation);
  refuse_if(s.seccomp.has_value(), "linux.seccomp");
  refuse_if(!s.mount_label.empty(), "linux.mountLabel");
  refuse_if(s.intel_rdt.has_value(), "linux.intelRdt");
  refuse_if(s.memory_policy.has_value(), "linux.memoryPolicy");
  refuse_if(s.personality.has_value(), "linux.personality");
  refuse_if(!s.time_offsets.empty(), "linux.timeOffsets");
  check_resources(s.resources);
}

void check_supported(const oci::process_spec& process) {
  refuse_if(!process.apparmor_profile.empty(), "process.apparmorProfile");
  refuse_if(!process.selinux_label.empty(), "process.selinuxLabel");
  refuse_if(process.exec_cpu_affinity.has_value(), "process.execCPUAffinity");
}

io::cgroup::limits cgroup_limits(const oci::runtime_spec& spec) {
  const oci::resources_spec& r = spec.linux_part.resources;
  check_resources(r);
  io::cgroup::limits out;
  if (r.pids && r.pids->limit) out.pids = std::max<std::int64_t>(*r.pids->limit, 0);
  if (r.memory && r.memory->limit) out.memory = std::max<std::int64_t>(*r.memory->limit, 0);
  if (!r.cpu) return out;
  if (r.cpu->quota) out.cpu_quota = std::max<std::int64_t>(*r.cpu->quota, 0);
  if (r.cpu->period) out.cpu_period = static_cast<std::int64_t>(*r.cpu->period);
  return out;
}

bool limits_memory_or_cpu(const oci::runtime_spec& spec) {
  const io::cgroup::limits l = cgroup_limits(spec);
  return l.memory > 0 || l.cpu_quota > 0;
}

}  // namespace lxr::launch
