// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/update.hpp"

#include <fcntl.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/container_lock.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/group.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::container {
namespace {

std::string online(const char* what) {
  return file::read_at(AT_FDCWD, std::string("/sys/devices/system/") + what + "/online").value_or("0");
}

// What has to be written where `before` holds: a limit that is gone has to be lifted, to what a new cgroup has.
oci::resources_spec change_of(const resource_options& before, const resource_options& after) {
  constexpr std::uint64_t usual_shares = 1024, usual_period = 100'000, usual_swappiness = 60;
  const oci::resources_spec old = spec::resources(before);
  oci::resources_spec out = spec::resources(after);
  if (old.memory) {
    oci::memory_resources& m = out.memory ? *out.memory : out.memory.emplace();
    if (old.memory->limit && !m.limit) m.limit = m.swap = -1;
    if (old.memory->reservation && !m.reservation) m.reservation = -1;
    if (old.memory->swappiness && !m.swappiness) m.swappiness = usual_swappiness;
    if (old.memory->disable_oom_killer && !m.disable_oom_killer) m.disable_oom_killer = false;
  }
  if (old.cpu) {
    oci::cpu_resources& c = out.cpu ? *out.cpu : out.cpu.emplace();
    if (old.cpu->quota && !c.quota) c.quota = -1;
    if (old.cpu->period && !c.period) c.period = usual_period;
    if (old.cpu->shares && !c.shares) c.shares = usual_shares;
    if (!old.cpu->cpus.empty() && c.cpus.empty()) c.cpus = online("cpu");
    if (!old.cpu->mems.empty() && c.mems.empty()) c.mems = online("node");
  }
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
  const bool is_live = state.init.is_alive();
  std::exception_ptr failure;
  try {
    if (is_live) apply(where, cgroups, id, state, change_of(before, config.resources));
    save(where, config);
    co_return;
  } catch (...) {
    failure = std::current_exception();
  }
  // What the kernel took before it refused something goes back.
  if (is_live) quietly([&] { apply(where, cgroups, id, state, change_of(config.resources, before)); });
  std::rethrow_exception(failure);
}

}  // namespace lxr::container
