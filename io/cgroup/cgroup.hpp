// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::cgroup {

// Which cgroup hierarchies this host has. Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
struct layout {
  bool unified = false;  // pure v2: one tree with all controllers; else one tree per controller (v1 and hybrid)
  std::string base;      // normally /sys/fs/cgroup
  static layout detect(const std::string& base = "/sys/fs/cgroup");
};

struct limits {
  std::int64_t pids = 0;                            // processes and threads; 0: no limit
  std::int64_t memory = 0;                          // bytes, also of memory and swap together; 0: no limit
  std::int64_t cpu_quota = 0, cpu_period = 100000;  // microseconds; quota 0: no limit
};

// The cgroup of one container, <tree>/<parent>/<id>: one directory on v2, one per limited controller on v1 and hybrid.
// Lifecycle: create() or open(); processes join; remove() once they have ended. The destructor only closes descriptors:
//   the cgroup belongs to the container, not to this object.
// Runs on: any thread; blocks for a few system calls, remove() for up to 200 ms.
// Owns: the descriptors of directory() and tasks().
// Failure: create() throws and removes what it made; open() throws lxr::error, but a missing group is only an empty
//   object.
class group {
 public:
  // Throws error{errc::unsupported} naming the controller when this host cannot set a wanted limit. `mark` is called
  // when a new parent is made; its text is stored there (attribute trusted.lxr) for sweep_orphans().
  static group create(const layout& where, const std::string& parent, const std::string& id, const limits& wanted,
                      const std::function<std::string()>& mark = {});
  static group open(const layout& where, const std::string& parent, const std::string& id);

  // v2: the descriptor for CLONE_INTO_CGROUP; v1: -1.
  [[nodiscard]] int directory() const noexcept { return directory_.get(); }
  // v1: the `tasks` files; a process joins by writing "0" to each.
  [[nodiscard]] const std::vector<unique_fd>& tasks() const noexcept { return tasks_; }
  // The directories of the group, one per tree.
  [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return paths_; }
  [[nodiscard]] bool had_oom_kill() const;
  // Kills what still runs in the group and removes its directories, and the parent's if it was the last. Returns false
  // when one of them could not be removed within 200 ms.
  static bool remove(const layout& where, const std::string& parent, const std::string& id) noexcept;
  // Removes the groups below `parent` for whose id `is_alive` returns false: an engine or remover that died left them.
  static void sweep(const layout& where, const std::string& parent,
                    const std::function<bool(const std::string& id)>& is_alive) noexcept;
  // Removes the parents whose name begins with `prefix` and for whose mark `is_orphaned` returns true, with the groups
  // below. Groups that have processes stay, with their parent.
  static void sweep_orphans(const layout& where, const std::string& prefix,
                            const std::function<bool(const std::string& mark)>& is_orphaned) noexcept;

 private:
  std::vector<std::string> paths_;
  unique_fd directory_;
  std::vector<unique_fd> tasks_;
};

}  // namespace lxr::io::cgroup
