// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "io/cgroup/files.hpp"
#include "io/cgroup/freezer.hpp"
#include "io/cgroup/group.hpp"
#include "pipeline/runtime/refusal.hpp"
#include "pipeline/runtime/runtime.hpp"

namespace lxr::runtime {
namespace {

std::string user_name(std::uint32_t id) {
  const passwd* entry = ::getpwuid(id);
  return entry != nullptr ? entry->pw_name : "";
}

// Of a container whose cgroup is to be changed.
container_state running_state(const context& on, const char* operation, const container_directory& directory) {
  container_state s = state_of(on, directory);
  if (s.now == status::stopped) refuse(operation, directory.id(), "container not running");
  if (s.kept.cgroup.empty()) refuse(operation, directory.id(), "it has no cgroup");
  return s;
}

// Where its processes are listed, on v1 in any tree.
std::string listing_directory(const context& on, const container_record& r) {
  if (r.cgroup.empty()) return "";
  return on.cgroups.tree(r.cgroup_trees.empty() ? "" : r.cgroup_trees.front()) + "/" + r.cgroup;
}

}  // namespace

const char* to_word(status s) {
  switch (s) {
    case status::creating:
      return "creating";
    case status::created:
      return "created";
    case status::running:
      return "running";
    case status::paused:
      return "paused";
    case status::stopped:
      break;
  }
  return "stopped";
}

container_state state_of(const context& on, const container_directory& directory) {
  const auto kept = directory.load();
  container_state s;
  s.kept.id = directory.id();
  if (!kept) {
    if (directory.is_locked()) s.now = status::creating;
    return s;
  }
  s.kept = *kept;
  quietly([&] { s.annotations = directory.load_spec().annotations; });
  if (!kept->init.is_alive()) {
    if (kept->is_creating && kept->init.pid == 0 && directory.is_locked()) s.now = status::creating;
    return s;
  }
  if (kept->is_creating) {
    s.now = status::creating;
  } else if (!kept->cgroup.empty() && io::cgroup::is_frozen(on.cgroups, kept->cgroup)) {
    s.now = status::paused;
  } else {
    s.now = directory.is_waiting() ? status::created : status::running;
  }
  return s;
}

container_state state_of(const context& on, const std::string& id) {
  return state_of(on, container_directory::look(on.root, id));
}

json::object state_document(const container_state& s) {
  json::object o{{"ociVersion", "1.3.0"},
                 {"id", s.kept.id},
                 {"status", to_word(s.now)},
                 {"pid", s.now == status::stopped ? 0 : s.kept.init.pid},
                 {"bundle", s.kept.bundle},
                 {"rootfs", s.kept.rootfs},
                 {"created", format_time(s.kept.created_ns)},
                 {"owner", user_name(s.kept.owner)}};
  if (!s.annotations.empty()) o["annotations"] = json::from(s.annotations);
  return o;
}

void pause(const context& on, const std::string& id) {
  const container_directory directory = container_directory::open(on.root, id);
  const container_state s = running_state(on, "pause", directory);
  if (s.now == status::paused) refuse("pause", id, "container paused");
  io::cgroup::freeze(on.cgroups, s.kept.cgroup);
}

void resume(const context& on, const std::string& id) {
  const container_directory directory = container_directory::open(on.root, id);
  const container_state s = running_state(on, "resume", directory);
  if (s.now != status::paused) refuse("resume", id, "container not paused");
  io::cgroup::thaw(on.cgroups, s.kept.cgroup);
}

void update(const context& on, const std::string& id, const oci::resources_spec& resources) {
  const container_directory directory = container_directory::open(on.root, id);
  const container_state s = running_state(on, "update", directory);
  oci::resources_spec changed = resources;
  changed.devices.clear();  // containerd sends all resources each time; which devices there are does not change
  io::cgroup::update(on.cgroups, s.kept.cgroup, changed);
}

std::vector<pid_t> processes(const context& on, const std::string& id) {
  const container_state s = state_of(on, id);
  const std::string directory = listing_directory(on, s.kept);
  if (directory.empty()) return s.now == status::stopped ? std::vector<pid_t>() : std::vector{s.kept.init.pid};
  return io::cgroup::processes_below(directory);
}

oci::process_spec process_of(const context& on, const std::string& id) {
  return container_directory::look(on.root, id).load_spec().process.value_or(oci::process_spec());
}

}  // namespace lxr::runtime
