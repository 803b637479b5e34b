// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/kernel_objects.hpp"

#include "io/cgroup/removal.hpp"
#include "pipeline/container/id_ranges.hpp"
#include "pipeline/network/bridge_network.hpp"
#include "pipeline/network/egress.hpp"
#include "pipeline/network/ports.hpp"

namespace lxr::container {

std::string cgroup_path(const instance& where, const std::string& id) { return where.kernel_name() + "/" + id; }

io::cgroup::group cgroup_of(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) {
  return io::cgroup::group::open(cgroups, cgroup_path(where, id), state.cgroup_trees);
}

void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept {
  network::withdraw_ports(where, id, state);
  network::cut_off(state);
  for (const network_place& p : state.networks) network::release_address(where, p.directory, id, p.address);
  if (state.id_range != 0) release_id_range(where, id, state.id_range);
  io::cgroup::remove(cgroups, cgroup_path(where, id), state.cgroup_trees);
}

}  // namespace lxr::container
