// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

using oci::namespace_kind;

// The last id of the container: a kernel parameter takes no other.
std::string last_id(const std::vector<oci::id_mapping>& mappings) {
  std::uint64_t end = 0;
  for (const oci::id_mapping& m : mappings) end = std::max(end, std::uint64_t{m.container_id} + m.size);
  return std::to_string(end == 0 ? 2147483647 : std::min<std::uint64_t>(end - 1, 2147483647));
}

// A choice of namespace_options.
void add(oci::runtime_spec& spec, namespace_kind kind, const std::string& choice) {
  if (choice != "host") spec.linux_part.namespaces.push_back({kind, choice});
}

}  // namespace

void add_namespaces(oci::runtime_spec& spec, const container_config& config) {
  const namespace_options& o = config.namespaces;
  if (o.has_user()) {
    add(spec, namespace_kind::user, "");
    spec.linux_part.uid_mappings = o.uid_mappings;
    spec.linux_part.gid_mappings = o.gid_mappings;
  }
  add(spec, namespace_kind::pid, o.pid);
  add(spec, namespace_kind::mount, "");
  add(spec, namespace_kind::uts, o.uts);
  add(spec, namespace_kind::ipc, o.ipc == "none" ? "" : o.ipc);
  add(spec, namespace_kind::cgroup, o.cgroup);
  if (o.uts.empty()) {
    spec.hostname = config.network.hostname;
    spec.domainname = config.network.domainname;
  }
  const network_options& n = config.network;
  if (n.mode == network_mode::host) return;
  const std::string prefix = n.mode == network_mode::container ? "container:" : "";
  spec.linux_part.namespaces.push_back({namespace_kind::network, prefix + n.joined});
  if (!n.joined.empty()) return;               // its parameters are another's
  if (o.has_user() && !o.pid.empty()) return;  // its /proc is the host's, where it may not write them
  // A network namespace of its own: let processes without capabilities ping and listen on any port.
  spec.linux_part.sysctl = {{"net.ipv4.ping_group_range", "0 " + last_id(o.gid_mappings)},
                            {"net.ipv4.ip_unprivileged_port_start", "0"}};
}

}  // namespace lxr::spec
