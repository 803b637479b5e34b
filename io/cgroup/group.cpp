// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/group.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/cgroup/devices.hpp"
#include "io/cgroup/files.hpp"
#include "io/cgroup/removal.hpp"
#include "io/cgroup/settings.hpp"

namespace lxr::io::cgroup {
namespace {

// The trees in which a container may have a group on v1. "cpu" and "cpuacct" are mostly one.
const std::vector<std::string> v1_trees{"pids",    "memory",   "cpu",  "cpuset",  "devices", "blkio",     "hugetlb",
                                        "net_cls", "net_prio", "rdma", "cpuacct", "freezer", "perf_event"};

[[noreturn]] void lacks(const std::string& controller, const std::string& path) {
  throw error(errc::unsupported, "limit", controller,
              "this host's cgroups do not offer the " + controller + " controller at " + path,
              "enable it, or run without that limit");
}

// A file that is missing means that the controller is; another failure, that the value is no good.
[[noreturn]] void refused(const setting& s, const std::string& path, int reason) {
  if (reason == ENOENT && ::access(path.c_str(), F_OK) == 0)
    throw error(errc::unsupported, "set", s.file, "this kernel's controller " + s.controller + " does not have it",
                "run without that limit");
  if (reason == ENOENT || reason == EACCES || reason == EPERM) lacks(s.controller, path);
  throw error(std::error_code(reason, std::generic_category()), "set", s.file, "the kernel refuses \"" + s.value + '"');
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

// Creates a group above the container's and sets its mark if it is new. Returns false when it can neither be created
// nor exists.
bool make_parent(const std::string& tree, const std::string& path, const marking& mark) {
  const std::string directory = tree + "/" + path;
  if (::mkdir(directory.c_str(), 0755) != 0) {
    if (errno == EEXIST) return true;
    const std::string above = parent_of(path);
    if (errno != ENOENT || above.empty() || !make_parent(tree, above, mark)) return false;
    if (::mkdir(directory.c_str(), 0755) != 0) return errno == EEXIST;
  }
  const std::string text = mark ? mark() : "";
  if (!text.empty()) ::setxattr(directory.c_str(), mark_name, text.data(), text.size(), 0);
  return true;
}

// Creates a group. Another lxr may remove the parent at any time between our two mkdir calls: creates that again.
void make_group(const std::string& tree, const std::string& path, const marking& mark) {
  const std::string directory = tree + "/" + path, above = parent_of(path);
  for (int attempt = 0; attempt < 64; ++attempt) {
    if (::mkdir(directory.c_str(), 0755) == 0 || errno == EEXIST) return;
    if (errno != ENOENT || above.empty()) break;
    if (!make_parent(tree, above, mark)) break;
  }
  throw_errno("make cgroup", directory);
}

// A new group of the v1 cpuset takes no process until it has processors and memory nodes: it gets those of the group
// above.
void fill_cpuset(const std::string& tree, const std::string& path) {
  const std::string above = parent_of(path), directory = tree + "/" + path;
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    if (read_file(directory + file).value_or("\n") != "\n") continue;
    if (!above.empty() && read_file(tree + "/" + above + file).value_or("") == "\n") fill_cpuset(tree, above);
    write_file(directory + file, read_file(tree + "/" + above + file).value_or(""));
  }
}

// v2: enables the controllers of `wanted` for the groups below; a controller works in a group only when
// cgroup.subtree_control of every group above names it.
void hand_down(const std::string& tree, const std::string& path, const std::vector<setting>& wanted,
               const marking& mark) {
  std::string words;
  for (const setting& s : wanted) {
    const std::string word = "+" + s.controller;
    if (words.find(word) == std::string::npos) words += (words.empty() ? "" : " ") + word;
  }
  if (words.empty()) return;
  write_file(tree + "/cgroup.subtree_control", words);  // a failure shows later, when the limit is written
  const std::string above = parent_of(path);
  if (above.empty()) return;
  make_parent(tree, above, mark);
  for (std::size_t end = above.find('/');; end = above.find('/', end + 1)) {
    write_file(tree + "/" + above.substr(0, end) + "/cgroup.subtree_control", words);
    if (end == std::string::npos) return;
  }
}

void apply_v2(const layout& where, const std::string& path, const oci::resources_spec& resources,
              const std::vector<setting>& settings, const marking& mark) {
  const std::string directory = where.base + "/" + path;
  for (const setting& s : settings) {
    if (write_file(directory + "/" + s.file, s.value) || s.is_optional) continue;
    // Another lxr may have removed the parent, and made it again without its controllers: enable them again.
    hand_down(where.base, path, settings, mark);
    if (!write_file(directory + "/" + s.file, s.value)) refused(s, directory, errno);
  }
  if (resources.devices.empty()) return;
  const unique_fd opened = file::open_at(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY);
  attach_device_program(opened.get(), resources.devices);
}

// The trees of v1 that the resources need, in the order of their settings.
std::vector<std::string> needed_trees(const oci::resources_spec& resources, const std::vector<setting>& settings) {
  std::vector<std::string> out;
  const auto need = [&](const std::string& tree) {
    if (std::ranges::find(out, tree) == out.end()) out.push_back(tree);
  };
  for (const setting& s : settings) need(s.controller);
  if (!resources.devices.empty()) need("devices");
  return out;
}

// The hierarchies that have no controller: systemd's own of v1, and the v2 tree of a hybrid host.
const std::string systemd_tree = "systemd", v2_tree = "unified";

// A directory beside the hierarchies may be none: other programs make what they miss.
std::vector<std::string> mounted_trees(const layout& where) {
  std::vector<std::string> all = v1_trees, out;
  all.push_back(systemd_tree);
  for (const std::string& tree : all) {
    struct statfs fs{};
    if (::statfs(where.tree(tree).c_str(), &fs) == 0 && fs.f_type == CGROUP_SUPER_MAGIC) out.push_back(tree);
  }
  if (!where.unified_tree().empty()) out.push_back(v2_tree);
  return out;
}

// The file of a group's directory that a process joins by.
std::string joining_file(const std::string& tree) { return tree == v2_tree ? "/cgroup.procs" : "/tasks"; }

// Returns an open `tasks` file of the new group: only groups of a mounted tree have one.
unique_fd make_v1_group(const layout& where, const std::string& controller, const std::string& path,
                        const marking& mark) {
  const std::string tree = where.tree(controller);
  try {
    make_group(tree, path, mark);
  } catch (const error&) {
    lacks(controller, tree);
  }
  if (controller == "cpuset") fill_cpuset(tree, path);
  unique_fd tasks(::open((tree + "/" + path + joining_file(controller)).c_str(), O_WRONLY | O_CLOEXEC));
  if (!tasks) lacks(controller, tree);
  return tasks;
}

// A limit of memory may be above that of memory and swap for a moment: the other one goes first then.
bool write_v1(const std::vector<setting>& settings, std::size_t i, const std::string& directory) {
  const setting& s = settings[i];
  if (write_file(directory + "/" + s.file, s.value) || s.is_optional) return true;
  const int reason = errno;
  const bool has_other = i + 1 < settings.size() && settings[i + 1].file == "memory.memsw.limit_in_bytes";
  if (s.file == "memory.limit_in_bytes" && has_other && reason == EINVAL) {
    write_file(directory + "/" + settings[i + 1].file, settings[i + 1].value);
    return write_file(directory + "/" + s.file, s.value);
  }
  // Period and quota are checked against the group above together, and the old quota may not fit the new period.
  const bool has_quota = i + 1 < settings.size() && (s.file == "cpu.cfs_period_us" || s.file == "cpu.rt_period_us") &&
                         (settings[i + 1].file == "cpu.cfs_quota_us" || settings[i + 1].file == "cpu.rt_runtime_us");
  if (has_quota && reason == EINVAL) {
    write_file(directory + "/" + settings[i + 1].file, settings[i + 1].value);
    return write_file(directory + "/" + s.file, s.value);
  }
  errno = reason;
  return false;
}

void apply_v1(const layout& where, const std::string& path, const oci::resources_spec& resources,
              const std::vector<setting>& settings) {
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const std::string directory = where.tree(settings[i].controller) + "/" + path;
    if (!write_v1(settings, i, directory)) refused(settings[i], directory, errno);
  }
  for (const device_write& w : device_writes(resources.devices)) {
    if (!write_file(where.tree("devices") + "/" + path + "/" + w.file, w.value))
      throw_errno("set " + w.file + " to", w.value);
  }
}

std::vector<setting> settings_of(const layout& where, const oci::resources_spec& resources) {
  return where.unified ? settings_v2(resources) : settings_v1(resources);
}

}  // namespace

group group::create(const layout& where, const std::string& path, const oci::resources_spec& resources,
                    const marking& mark, membership where_in) {
  std::vector<setting> settings = settings_of(where, resources);
  std::erase_if(settings, [](const setting& s) { return s.is_default; });
  group g;
  try {
    if (where.unified) {
      hand_down(where.base, path, settings, mark);
      make_group(where.base, path, mark);
      g.paths_.push_back(where.base + "/" + path);
      g.directory_ = file::open_at(AT_FDCWD, g.paths_.back(), O_PATH | O_DIRECTORY);
      apply_v2(where, path, resources, settings, mark);
      return g;
    }
    std::vector<std::string> trees =
        where_in == membership::every_tree ? mounted_trees(where) : needed_trees(resources, settings);
    // So that its processes are found: to pause, to limit or to kill them.
    if (trees.empty() && ::access((where.tree("pids") + "/tasks").c_str(), F_OK) == 0) trees.emplace_back("pids");
    for (const std::string& controller : trees) {
      g.tasks_.push_back(make_v1_group(where, controller, path, mark));
      g.paths_.push_back(where.tree(controller) + "/" + path);
      g.trees_.push_back(controller);
    }
    apply_v1(where, path, resources, settings);
  } catch (...) {
    remove(where, path, {}, where_in == membership::every_tree ? group_above::kept : group_above::removed_if_empty);
    throw;
  }
  return g;
}

group group::open(const layout& where, const std::string& path, const std::vector<std::string>& trees) {
  group g;
  if (where.unified) {
    g.directory_.reset(::open((where.base + "/" + path).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (g.directory_) g.paths_.push_back(where.base + "/" + path);
    return g;
  }
  for (const std::string& tree : trees.empty() ? v1_trees : trees) {
    const std::string directory = where.tree(tree) + "/" + path;
    auto tasks = file::try_open_at(AT_FDCWD, directory + joining_file(tree), O_WRONLY);
    if (!tasks) continue;
    g.paths_.push_back(directory);
    g.trees_.push_back(tree);
    g.tasks_.push_back(std::move(*tasks));
  }
  return g;
}

bool group::had_oom_kill() const {
  return std::ranges::any_of(paths_, [](const std::string& path) {
    return number_after(read_file(path + "/memory.events").value_or(""), "oom_kill") > 0 ||
           number_after(read_file(path + "/memory.oom_control").value_or(""), "oom_kill") > 0;
  });
}

namespace {

std::vector<pid_t> processes_in_v1(const layout& where, const std::string& path) {
  std::vector<pid_t> found;
  for (const std::string& tree : mounted_trees(where)) {
    found = processes_below(where.tree(tree) + "/" + path);
    if (!found.empty()) break;
  }
  return found;
}

}  // namespace

bool has_processes(const layout& where, const std::string& path) {
  return !(where.unified ? processes_below(where.base + "/" + path) : processes_in_v1(where, path)).empty();
}

std::vector<std::string> update(const layout& where, const std::string& path, const oci::resources_spec& resources) {
  const std::vector<setting> settings = settings_of(where, resources);
  if (where.unified) {
    apply_v2(where, path, resources, settings, {});
    return {};
  }
  const std::vector<pid_t> processes = processes_in_v1(where, path);
  std::vector<std::string> trees = needed_trees(resources, settings);
  for (const std::string& tree : trees) make_v1_group(where, tree, path, {});
  apply_v1(where, path, resources, settings);
  for (const std::string& tree : trees) {
    for (const pid_t pid : processes) write_file(where.tree(tree) + "/" + path + "/cgroup.procs", std::to_string(pid));
  }
  return trees;
}

}  // namespace lxr::io::cgroup
