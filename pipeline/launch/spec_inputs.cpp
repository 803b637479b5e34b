// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/spec_inputs.hpp"

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
  if (!s.has(namespace_kind::mount)) {
    throw error(errc::invalid_argument, "use", "linux.namespaces",
                "without a mount namespace the mounts would be the host's");
  }
  if (has_network && !s.has(namespace_kind::network)) {
    throw error(errc::invalid_argument, "use", "linux.namespaces",
                "without a network namespace the settings would be the host's");
  }
}

}  // namespace

void check_supported(const oci::runtime_spec& spec, bool has_network) {
  const oci::linux_spec& s = spec.linux_part;
  check_namespaces(s, has_network);
  if (!s.has(oci::namespace_kind::uts) && !(spec.hostname.empty() && spec.domainname.empty())) {
    throw error(errc::invalid_argument, "use", "hostname", "without a uts namespace it would be the host's");
  }
  if (spec.process) check_supported(*spec.process);
  refuse_if(!s.net_devices.empty(), "linux.netDevices");
  refuse_if(!s.mount_label.empty(), "linux.mountLabel");
  refuse_if(s.intel_rdt.has_value(), "linux.intelRdt");
  refuse_if(s.memory_policy.has_value(), "linux.memoryPolicy");
}

void check_supported(const oci::process_spec& process) {
  refuse_if(!process.apparmor_profile.empty(), "process.apparmorProfile");
  refuse_if(!process.selinux_label.empty(), "process.selinuxLabel");
  refuse_if(process.exec_cpu_affinity.has_value(), "process.execCPUAffinity");
}

oci::resources_spec cgroup_resources(const oci::runtime_spec& spec) {
  oci::resources_spec out = spec.linux_part.resources;
  if (out.devices.empty()) return out;
  const auto allow = [&out](const char* type, std::optional<std::int64_t> major, std::optional<std::int64_t> minor,
                            const char* access) { out.devices.push_back({true, type, access, major, minor}); };
  allow("c", {}, {}, "m");  // mknod(2) alone gives no access to the device
  allow("b", {}, {}, "m");
  for (const std::int64_t minor : {3, 5, 7, 8, 9}) allow("c", 1, minor, "rwm");  // null zero full random urandom
  allow("c", 5, 0, "rwm");                                                       // tty
  allow("c", 5, 2, "rwm");                                                       // ptmx
  allow("c", 136, {}, "rwm");                                                    // pts
  return out;
}

bool limits_memory_or_cpu(const oci::runtime_spec& spec) {
  const oci::resources_spec& r = spec.linux_part.resources;
  return (r.memory && r.memory->limit.value_or(0) > 0) || (r.cpu && r.cpu->quota.value_or(0) > 0);
}

}  // namespace lxr::launch
