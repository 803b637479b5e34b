// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {

void add_namespaces(oci::runtime_spec& spec, const container_config& config) {
  using oci::namespace_kind;
  for (const auto kind :
       {namespace_kind::pid, namespace_kind::mount, namespace_kind::uts, namespace_kind::ipc, namespace_kind::cgroup}) {
    spec.linux_part.namespaces.push_back({kind, {}});
  }
  spec.hostname = config.network.hostname;
  if (config.network.mode == network_mode::host) return;
  spec.linux_part.namespaces.push_back({namespace_kind::network, {}});
  // A network namespace of its own: let processes without capabilities ping and listen on any port.
  spec.linux_part.sysctl = {{"net.ipv4.ping_group_range", "0 2147483647"},
                            {"net.ipv4.ip_unprivileged_port_start", "0"}};
}

}  // namespace lxr::spec
