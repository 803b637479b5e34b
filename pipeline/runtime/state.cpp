// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "io/cgroup/files.hpp"
#include "io/cgroup/freezer.hpp"
#include "io/cgroup/group.hpp"
#include "pipeline/monitor/log_file.hpp"
#include "pipeline/runtime/runtime.hpp"

namespace lxr::runtime {
namespace {

std::string user_name(std::uint32_t id) {
  const passwd* entry = ::getpwuid(id);
  return entry != nullptr ? entry->pw_name : "";
}

[[noreturn]] void refuse(const std::string& id, const char* why) {
  throw error(errc::conflict, "use", "container " + id, why);
}

container_state running_state(const host& on, const std::string& id) {
  container_state s = state_of(on, id);
  if (s.now == status::stopped) refuse(id, "container not running");
  return s;
}

// Where its processes are listed, on v1 in any tree.
std::string listing_directory(const host& on, const record& r) {
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

container_state state_of(const host& on, const std::string& id) {
  const container_directory directory = container_directory::open(on.root, id);
  const auto kept = directory.load();
  if (!kept) return {{.id = id}, status::stopped, {}};
  container_state s{*kept, status::stopped, {}};
  quietly([&] { s.annotations = directory.load_spec().annotations; });
  if (!kept->init.is_alive()) return s;
  s.now = directory.is_waiting() ? status::created : status::running;
  if (!kept->cgroup.empty() && io::cgroup::is_frozen(on.cgroups, kept->cgroup)) s.now = status::paused;
  return s;
}

json::object state_document(const container_state& s) {
  json::object o{{"ociVersion", "1.3.0"},
                 {"id", s.kept.id},
                 {"status", to_word(s.now)},
                 {"pid", s.now == status::stopped ? 0 : s.kept.init.pid},
                 {"bundle", s.kept.bundle},
                 {"rootfs", s.kept.rootfs},
                 {"created", monitor::format_time(s.kept.created_ns)},
                 {"owner", user_name(s.kept.owner)}};
  if (!s.annotations.empty()) o["annotations"] = json::from(s.annotations);
  return o;
}

void pause(const host& on, const std::string& id) {
  const container_state s = running_state(on, id);
  if (s.now == status::paused) refuse(id, "container paused");
  if (s.kept.cgroup.empty()) refuse(id, "it has no cgroup");
  io::cgroup::freeze(on.cgroups, s.kept.cgroup);
}

void resume(const host& on, const std::string& id) {
  const container_state s = running_state(on, id);
  if (s.now != status::paused) refuse(id, "container not paused");
  io::cgroup::thaw(on.cgroups, s.kept.cgroup);
}

void update(const host& on, const std::string& id, const oci::resources_spec& resources) {
  const container_state s = running_state(on, id);
  if (s.kept.cgroup.empty()) refuse(id, "it has no cgroup");
  oci::resources_spec changed = resources;
  changed.devices.clear();  // containerd sends all resources each time; which devices there are does not change
  io::cgroup::update(on.cgroups, s.kept.cgroup, changed);
}

std::vector<pid_t> processes(const host& on, const std::string& id) {
  const container_state s = state_of(on, id);
  const std::string directory = listing_directory(on, s.kept);
  if (directory.empty()) return s.now == status::stopped ? std::vector<pid_t>() : std::vector{s.kept.init.pid};
  return io::cgroup::processes_below(directory);
}

oci::process_spec process_of(const host& on, const std::string& id) {
  const container_directory directory = container_directory::open(on.root, id);
  return directory.load_spec().process.value_or(oci::process_spec());
}

}  // namespace lxr::runtime
