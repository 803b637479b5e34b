// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/update.hpp"

#include <algorithm>

#include "core/instance/container_lock.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/group.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::container {
namespace {

// What has to be written where `before` holds: a limit that is gone has to be lifted.
oci::resources_spec change_of(const resource_options& before, const resource_options& after) {
  const oci::resources_spec old = spec::resources(before);
  oci::resources_spec out = spec::resources(after);
  if (old.memory && !out.memory) out.memory.emplace();
  if (old.memory && old.memory->limit && !out.memory->limit) out.memory->limit = out.memory->swap = -1;
  if (old.cpu && !out.cpu) out.cpu.emplace();
  if (old.cpu && old.cpu->quota && !out.cpu->quota) out.cpu->quota = -1;
  if (old.pids && !out.pids) out.pids.emplace().limit = -1;
  return out;
}

void apply(const instance& where, const io::cgroup::layout& cgroups, const std::string& id, container_state state,
           const oci::resources_spec& change) {
  const std::vector<std::string> trees = io::cgroup::update(cgroups, cgroup_path(where, id), change);
  const std::size_t before = state.cgroup_trees.size();
  for (const std::string& tree : trees) {
    if (std::ranges::find(state.cgroup_trees, tree) == state.cgroup_trees.end()) state.cgroup_trees.push_back(tree);
  }
  if (state.cgroup_trees.size() != before) save(where, id, state);
}

}  // namespace

task<void> update(const instance& where, const io::cgroup::layout& cgroups, std::string id,
                  std::function<void(resource_options&)> change) {
  const container_lock lock = co_await lock_container(where, id);
  container_config config = load_config(where, id);
  const resource_options before = config.resources;
  change(config.resources);
  const container_state state = load_raw_state(where, id);
  if (state.init.is_alive()) apply(where, cgroups, id, state, change_of(before, config.resources));
  save(where, config);
}

}  // namespace lxr::container
