// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/spec_inputs.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "io/seccomp/default_profile.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::launch {
namespace {

void check_supported(const oci::resources_spec& r) {
  const char* later = nullptr;
  if (r.memory &&
      (r.memory->reservation || r.memory->swap || r.memory->kernel || r.memory->kernel_tcp || r.memory->swappiness))
    later = "memory but for limit";
  if (r.cpu && (r.cpu->shares || r.cpu->burst || r.cpu->realtime_period || r.cpu->realtime_runtime || r.cpu->idle ||
                !r.cpu->cpus.empty() || !r.cpu->mems.empty())) {
    later = "cpu but for quota and period";
  }
  // Which devices there are is lxr's to decide: the default ones, and no mount of a container's root or of its own has
  // others.
  if (std::ranges::any_of(r.devices, &oci::device_rule::allow)) later = "devices but for forbidding all";
  if (r.block_io) later = "blockIO";
  if (!r.hugepage_limits.empty()) later = "hugepageLimits";
  if (r.network) later = "network";
  if (!r.rdma.empty()) later = "rdma";
  if (!r.unified.empty()) later = "unified";
  if (later != nullptr)
    throw error(errc::unsupported, "use", "linux.resources", std::string("lxr does not set ") + later + " yet");
}

}  // namespace

io::cgroup::limits cgroup_limits(const oci::runtime_spec& spec) {
  const oci::resources_spec& r = spec.linux_part.resources;
  check_supported(r);
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

std::string_view seccomp_filter(const oci::runtime_spec& spec) {
  if (spec.linux_part.seccomp)
    throw error(errc::unsupported, "use", "linux.seccomp", "lxr does not compile profiles yet");
  return spec.annotations.contains(spec::default_seccomp_annotation) ? io::seccomp::default_profile()
                                                                     : std::string_view();
}

}  // namespace lxr::launch
