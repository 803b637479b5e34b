// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/removal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <set>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/cgroup/files.hpp"

namespace lxr::io::cgroup {
namespace {

// The directories of trees; of all that may have a group of a container when none is named.
std::vector<std::string> directories(const layout& where, const std::vector<std::string>& names = {}) {
  static const std::vector<std::string> all{"pids",    "memory",  "cpu",        "cpuset",  "devices",
                                            "freezer", "blkio",   "hugetlb",    "net_cls", "net_prio",
                                            "rdma",    "cpuacct", "perf_event", "systemd", "unified"};
  if (where.unified) return {where.base};
  std::vector<std::string> out;
  for (const std::string& name : names.empty() ? all : names) out.push_back(where.tree(name));
  return out;
}

void kill_in(const std::string& directory, int signal) {
  if (signal == SIGKILL && write_file(directory + "/cgroup.kill", "1")) return;  // v2, Linux 5.14
  for (const pid_t pid : processes_below(directory)) {
    if (pid > 1) ::kill(pid, signal);
  }
  if (signal == SIGKILL) write_file(directory + "/freezer.state", "THAWED");  // v1: what is frozen does not die
}

bool remove_group(const std::string& directory) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (::rmdir(directory.c_str()) == 0) return true;
    if (errno != EBUSY) return false;
    kill_in(directory, SIGKILL);
    for (const std::string& below : groups_below(directory)) ::rmdir(below.c_str());
    ::poll(nullptr, 0, 1);  // the kernel needs a moment after a process died until rmdir works
  }
  return false;
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

}  // namespace

bool remove(const layout& where, const std::string& path, const std::vector<std::string>& trees,
            group_above what_above) noexcept try {
  bool gone = true;
  const std::string above = what_above == group_above::kept ? "" : parent_of(path);
  for (const std::string& tree : directories(where, trees)) {
    if (remove_group(tree + "/" + path)) {
      if (!above.empty()) ::rmdir((tree + "/" + above).c_str());  // works only when it was the last group
    } else if (errno != ENOENT && errno != ENOTDIR) {
      gone = false;
    }
  }
  return gone;
} catch (const std::exception&) {
  return false;
}

void kill(const layout& where, const std::string& path, int signal) noexcept try {
  std::set<pid_t> all;  // a process is in several trees, and gets one signal
  for (const std::string& tree : directories(where)) {
    const std::string directory = tree + "/" + path;
    if (signal == SIGKILL) {
      kill_in(directory, signal);
    } else {
      for (const pid_t pid : processes_below(directory)) all.insert(pid);
    }
  }
  for (const pid_t pid : all) ::kill(pid, signal);
} catch (const std::exception&) {
  // remove() and sweep() kill again.
}

void sweep(const layout& where, const std::string& parent,
           const std::function<bool(const std::string&)>& is_alive) noexcept try {
  for (const std::string& tree : directories(where)) {
    const auto above = file::try_open_at(AT_FDCWD, tree + "/" + parent, O_RDONLY | O_DIRECTORY);
    if (!above) continue;
    for (const std::string& name : file::list_at(above->get(), ".")) {
      struct stat st{};
      if (::fstatat(above->get(), name.c_str(), &st, 0) == 0 && S_ISDIR(st.st_mode) && !is_alive(name))
        remove_group(tree + "/" + parent + "/" + name);
    }
    ::rmdir((tree + "/" + parent).c_str());
  }
} catch (const std::exception&) {
  // The next sweep tries again.
}

void sweep_orphans(const layout& where, const std::string& prefix,
                   const std::function<bool(const std::string&)>& is_orphaned) noexcept try {
  for (const std::string& tree : directories(where)) {
    const auto top = file::try_open_at(AT_FDCWD, tree, O_RDONLY | O_DIRECTORY);
    if (!top) continue;
    for (const std::string& name : file::list_at(top->get(), ".")) {
      const std::string parent = tree + "/" + name;
      char mark[256];
      const ssize_t size = name.starts_with(prefix) ? ::getxattr(parent.c_str(), mark_name, mark, sizeof mark) : -1;
      if (size <= 0 || !is_orphaned({mark, static_cast<std::size_t>(size)})) continue;
      // rmdir fails for files and for groups in use: these stay.
      for (const std::string& id : file::list_at(top->get(), name)) ::rmdir((parent + "/" + id).c_str());
      ::rmdir(parent.c_str());
    }
  }
} catch (const std::exception&) {
  // The next sweep tries again.
}

}  // namespace lxr::io::cgroup
