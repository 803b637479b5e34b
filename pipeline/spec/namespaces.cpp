// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/spec.hpp"

namespace lxr::spec {
namespace {

using oci::namespace_kind;

// A choice of namespace_options.
void add(oci::runtime_spec& spec, namespace_kind kind, const std::string& choice) {
  if (choice != "host") spec.linux_part.namespaces.push_back({kind, choice});
}

}  // namespace

void add_namespaces(oci::runtime_spec& spec, const container_config& config) {
  const namespace_options& o = config.namespaces;
  add(spec, namespace_kind::pid, o.pid);
  add(spec, namespace_kind::mount, "");
  add(spec, namespace_kind::uts, o.uts);
  add(spec, namespace_kind::ipc, o.ipc);
  add(spec, namespace_kind::cgroup, o.cgroup);
  if (o.uts.empty()) {
    spec.hostname = config.network.hostname;
    spec.domainname = config.network.domainname;
  }
  if (config.network.mode == network_mode::host) return;
  spec.linux_part.namespaces.push_back({namespace_kind::network, {}});
  // A network namespace of its own: let processes without capabilities ping and listen on any port.
  spec.linux_part.sysctl = {{"net.ipv4.ping_group_range", "0 2147483647"},
                            {"net.ipv4.ip_unprivileged_port_start", "0"}};
}

}  // namespace lxr::spec
