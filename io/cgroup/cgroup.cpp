// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/cgroup.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::io::cgroup {
namespace {

struct setting {
  const char* controller;
  std::string file, value;
};

std::vector<setting> v1_settings(const limits& l) {
  std::vector<setting> out;
  if (l.pids > 0) out.push_back({"pids", "pids.max", std::to_string(l.pids)});
  if (l.memory > 0) {
    out.push_back({"memory", "memory.limit_in_bytes", std::to_string(l.memory)});
    out.push_back({"memory", "memory.memsw.limit_in_bytes", std::to_string(l.memory)});
  }
  if (l.cpu_quota > 0) {
    out.push_back({"cpu", "cpu.cfs_period_us", std::to_string(l.cpu_period)});
    out.push_back({"cpu", "cpu.cfs_quota_us", std::to_string(l.cpu_quota)});
  }
  return out;
}

std::vector<setting> v2_settings(const limits& l) {
  std::vector<setting> out;
  if (l.pids > 0) out.push_back({"pids", "pids.max", std::to_string(l.pids)});
  if (l.memory > 0) {
    out.push_back({"memory", "memory.max", std::to_string(l.memory)});
    out.push_back({"memory", "memory.swap.max", "0"});
  }
  if (l.cpu_quota > 0) {
    out.push_back({"cpu", "cpu.max", std::to_string(l.cpu_quota) + " " + std::to_string(l.cpu_period)});
  }
  return out;
}

bool write_file(const std::string& path, const std::string& value) {
  const unique_fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd && ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

[[noreturn]] void unsupported(const std::string& controller, const std::string& path) {
  throw error(errc::unsupported, "limit", controller,
              "this host's cgroups do not offer the " + controller + " controller at " + path,
              "enable it, or run without that limit");
}

using marking = std::function<std::string()>;
constexpr const char* mark_name = "trusted.lxr";

// Creates the parent and sets its mark if it is new. Returns false when it can neither be created nor exists.
bool make_parent(const std::string& path, const marking& mark) {
  if (::mkdir(path.c_str(), 0755) != 0) return errno == EEXIST;
  const std::string text = mark ? mark() : "";
  if (!text.empty()) ::setxattr(path.c_str(), mark_name, text.data(), text.size(), 0);
  return true;
}

// Creates a group. Another lxr may remove the parent at any time between our two mkdir calls: creates that again.
void make_group(const std::string& tree, const std::string& parent, const std::string& id, const marking& mark) {
  const std::string above = tree + "/" + parent, path = above + "/" + id;
  for (int attempt = 0; attempt < 64; ++attempt) {
    if (::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return;
    if (errno != ENOENT) break;
    if (!make_parent(above, mark)) break;
  }
  throw_errno("make cgroup", path);
}

// v2: enables the controllers of `wanted` for the groups below; a controller works in a group only when
// cgroup.subtree_control of every group above names it.
void hand_down(const std::string& tree, const std::string& parent, const std::vector<setting>& wanted,
               const marking& mark) {
  std::string words;
  for (const setting& s : wanted) words += (words.empty() ? "+" : " +") + std::string(s.controller);
  if (words.empty()) return;
  write_file(tree + "/cgroup.subtree_control", words);  // a failure shows later, when the limit is written
  make_parent(tree + "/" + parent, mark);
  write_file(tree + "/" + parent + "/cgroup.subtree_control", words);
}

std::vector<std::string> trees(const layout& where) {
  if (where.unified) return {where.base};
  return {where.base + "/pids", where.base + "/memory", where.base + "/cpu"};
}

}  // namespace

layout layout::detect(const std::string& base) {
  struct statfs fs{};
  const bool unified = ::statfs(base.c_str(), &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
  return {unified, base};
}

group group::create(const layout& where, const std::string& parent, const std::string& id, const limits& wanted,
                    const marking& mark) {
  const std::vector<setting> settings = where.unified ? v2_settings(wanted) : v1_settings(wanted);
  group g;
  try {
    if (where.unified) {
      hand_down(where.base, parent, settings, mark);
      make_group(where.base, parent, id, mark);
      g.paths_.push_back(where.base + "/" + parent + "/" + id);
      g.directory_ = file::open_at(AT_FDCWD, g.paths_.back(), O_PATH | O_DIRECTORY);
    }
    for (const setting& s : settings) {
      const std::string tree = where.unified ? where.base : where.base + "/" + s.controller;
      const std::string path = tree + "/" + parent + "/" + id;
      if (!where.unified && (g.paths_.empty() || g.paths_.back() != path)) {
        if (::access((tree + "/tasks").c_str(), F_OK) != 0) unsupported(s.controller, tree);
        make_group(tree, parent, id, mark);
        g.paths_.push_back(path);
        g.tasks_.push_back(file::open_at(AT_FDCWD, path + "/tasks", O_WRONLY));
      }
      // Without swap accounting the kernel has neither of these files: no error.
      const bool is_swap = s.file == "memory.swap.max" || s.file == "memory.memsw.limit_in_bytes";
      if (write_file(path + "/" + s.file, s.value) || is_swap) continue;
      // v2: another lxr may have removed the parent, and made it again without its controllers: enable them again.
      if (where.unified) hand_down(where.base, parent, settings, mark);
      if (!where.unified || !write_file(path + "/" + s.file, s.value)) unsupported(s.controller, path);
    }
  } catch (...) {
    remove(where, parent, id);
    throw;
  }
  return g;
}

group group::open(const layout& where, const std::string& parent, const std::string& id) {
  group g;
  for (const std::string& tree : trees(where)) {
    const std::string path = tree + "/" + parent + "/" + id;
    unique_fd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) continue;
    g.paths_.push_back(path);
    if (where.unified) {
      g.directory_ = std::move(directory);
    } else {
      g.tasks_.push_back(file::open_at(AT_FDCWD, path + "/tasks", O_WRONLY));
    }
  }
  return g;
}

bool group::had_oom_kill() const {
  for (const std::string& path : paths_) {
    for (const char* name : {"memory.events", "memory.oom_control"}) {
      const auto text = file::read_at(AT_FDCWD, path + "/" + name);
      const auto at = text ? text->find("oom_kill ") : std::string::npos;
      if (at != std::string::npos && text->compare(at + 9, 1, "0") != 0) return true;
    }
  }
  return false;
}

namespace {

// Kills all processes of a group that is being removed, such as those of a container whose engine was killed before it
// had recorded them.
void kill_all(const std::string& path) {
  if (write_file(path + "/cgroup.kill", "1")) return;  // v2, Linux 5.14
  std::string text;
  // Another process may remove the group while we read.
  quietly([&] { text = file::read_at(AT_FDCWD, path + "/cgroup.procs").value_or(""); });
  for (const char* at = text.c_str(); *at != 0;) {
    char* end = nullptr;
    const long pid = std::strtol(at, &end, 10);
    if (end == at) break;
    if (pid > 1) ::kill(static_cast<pid_t>(pid), SIGKILL);
    at = *end == '\n' ? end + 1 : end;
  }
}

bool remove_group(const std::string& path) {
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (::rmdir(path.c_str()) == 0) return true;
    if (errno != EBUSY) return false;
    kill_all(path);
    ::poll(nullptr, 0, 1);  // the kernel needs a moment after a process died until rmdir works
  }
  return false;
}

}  // namespace

void group::sweep(const layout& where, const std::string& parent,
                  const std::function<bool(const std::string&)>& is_alive) noexcept try {
  for (const std::string& tree : trees(where)) {
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

void group::sweep_orphans(const layout& where, const std::string& prefix,
                          const std::function<bool(const std::string&)>& is_orphaned) noexcept try {
  for (const std::string& tree : trees(where)) {
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

bool group::remove(const layout& where, const std::string& parent, const std::string& id) noexcept {
  bool gone = true;
  for (const std::string& tree : trees(where)) {
    const std::string above = tree + "/" + parent;
    if (remove_group(above + "/" + id)) {
      ::rmdir(above.c_str());  // works only when it was the last group
    } else if (errno != ENOENT) {
      gone = false;
    }
  }
  return gone;
}

}  // namespace lxr::io::cgroup
