// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/freezer.hpp"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <vector>

#include "core/base/error.hpp"
#include "io/cgroup/files.hpp"

namespace lxr::io::cgroup {
namespace {

using clock = std::chrono::steady_clock;

// Where a group is frozen: its directory, and how its file says so.
struct place {
  std::string directory;
  bool unified = false;

  [[nodiscard]] bool set(bool frozen) const {
    return unified ? write_file(directory + "/cgroup.freeze", frozen ? "1" : "0")
                   : write_file(directory + "/freezer.state", frozen ? "FROZEN" : "THAWED");
  }
  [[nodiscard]] bool is_frozen() const {
    if (unified) return number_after(read_file(directory + "/cgroup.events").value_or(""), "frozen") == 1;
    return read_file(directory + "/freezer.state").value_or("") == "FROZEN\n";
  }
};

// The first is where lxr freezes; a hybrid has both, and others may have frozen the v1 group.
std::vector<place> places_of(const layout& where, const std::string& path) {
  std::vector<place> out;
  if (const std::string v2 = where.unified_tree(); !v2.empty()) out.push_back({v2 + "/" + path, true});
  if (!where.unified) out.push_back({where.tree("freezer") + "/" + path, false});
  return out;
}

void make_directories(const std::string& tree, const std::string& path) {
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string directory = tree + "/" + path.substr(0, end);
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
      throw error(errc::unsupported, "freeze", path, "this host's cgroups have no freezer at " + tree);
    }
    if (end == std::string::npos) return;
  }
}

std::set<pid_t> processes_in_v1_trees(const layout& where, const std::string& path) {
  for (const char* controller : {"pids", "memory", "cpu", "devices", "cpuset", "blkio"}) {
    const std::vector<pid_t> found = processes_below(where.tree(controller) + "/" + path);
    if (!found.empty()) return {found.begin(), found.end()};
  }
  return {};
}

// A process forks into its own group: once all known ones are inside, so are their children.
void move_processes(const layout& where, const std::string& path, const place& to) {
  make_directories(to.directory.substr(0, to.directory.size() - path.size() - 1), path);
  constexpr int rounds = 1000;
  for (int round = 0; round < rounds; ++round) {
    std::set<pid_t> outside = processes_in_v1_trees(where, path);
    for (const pid_t inside : processes_below(to.directory)) outside.erase(inside);
    if (outside.empty()) return;
    for (const pid_t pid : outside) write_file(to.directory + "/cgroup.procs", std::to_string(pid));
  }
  throw error(errc::timed_out, "freeze", path, "it makes processes faster than they can be moved");
}

}  // namespace

void freeze(const layout& where, const std::string& path, std::chrono::milliseconds deadline) {
  const place at = places_of(where, path).front();
  if (!where.unified) move_processes(where, path, at);
  if (processes_below(at.directory).empty())
    throw error(errc::not_found, "freeze", "the container", "no process is in its cgroup");
  if (!at.set(true)) throw_errno("freeze", at.directory);
  const clock::time_point end = clock::now() + deadline;
  while (!at.is_frozen()) {
    if (clock::now() >= end) {
      static_cast<void>(at.set(false));
      throw error(errc::timed_out, "freeze", path, "a process in it does not stop",
                  "one that waits for a disk or a network filesystem cannot be stopped: try again");
    }
    ::poll(nullptr, 0, 1);
  }
}

void thaw(const layout& where, const std::string& path) {
  for (const place& at : places_of(where, path)) {
    if (!at.set(false) && errno != ENOENT && errno != ENODEV) throw_errno("thaw", at.directory);
  }
}

bool is_frozen(const layout& where, const std::string& path) {
  return std::ranges::any_of(places_of(where, path), [](const place& at) { return at.is_frozen(); });
}

}  // namespace lxr::io::cgroup
