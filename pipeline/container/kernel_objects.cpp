// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/kernel_objects.hpp"

#include "pipeline/network/bridge_network.hpp"

namespace lxr::container {

void release_kernel_objects(const instance& where, const io::cgroup::layout& cgroups, const std::string& id,
                            const container_state& state) noexcept {
  if (!state.address.empty()) network::release_address(where, id, state.address);
  io::cgroup::group::remove(cgroups, where.kernel_name(), id);
}

}  // namespace lxr::container
