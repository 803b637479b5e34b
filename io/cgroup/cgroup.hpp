#pragma once

#include <cstdint>
#include <optional>
#include <functional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::cgroup {

// Which controllers live where on this host. Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
struct layout {
  bool unified = false;  // pure v2: one tree for everything
  std::string base;      // normally /sys/fs/cgroup
  static layout detect(const std::string& base = "/sys/fs/cgroup");
};

struct limits {
  std::int64_t pids = 0;     // processes and threads; 0: none
  std::int64_t memory = 0;   // bytes; 0: none
  std::int64_t cpu_quota = 0, cpu_period = 100000;  // microseconds; quota 0: none
};

// The cgroup of one container: <tree>/<parent>/<id>, one directory on v2, one per limited controller on v1 and hybrid.
// Lifecycle: create() makes it; processes join; remove() once they are gone. A cgroup is the container's, not this
//   object's: destruction only closes descriptors.
class group {
 public:
  // Throws error{errc::unsupported} naming the controller when a wanted limit cannot be set here. Leaves nothing then.
  // `mark`: asked for what a parent that is new remembers of who made it.
  static group create(const layout& where, const std::string& parent, const std::string& id, const limits& wanted,
                      const std::function<std::string()>& mark = {});
  static group open(const layout& where, const std::string& parent, const std::string& id);

  // v2: the directory to be born in (CLONE_INTO_CGROUP), else -1.
  [[nodiscard]] int directory() const noexcept { return directory_.get(); }
  // v1: the `tasks` files to write "0" to.
  [[nodiscard]] const std::vector<unique_fd>& tasks() const noexcept { return tasks_; }
  // Its directories, one for each tree it is in.
  [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return paths_; }
  [[nodiscard]] bool had_oom_kill() const;
  // Removes the directories, and the parent's when they were the last; what still runs inside is killed. False when that
  // takes longer than a fifth of a second.
  static bool remove(const layout& where, const std::string& parent, const std::string& id) noexcept;
  // Removes the groups below `parent` that belong to nothing alive: what an engine or remover that died left.
  static void sweep(const layout& where, const std::string& parent, const std::function<bool(const std::string& id)>& is_alive) noexcept;
  // Removes parents whose name begins with `prefix` and whose mark is orphaned, with the groups below; what has processes stays.
  static void sweep_orphans(const layout& where, const std::string& prefix, const std::function<bool(const std::string& mark)>& is_orphaned) noexcept;

 private:
  std::vector<std::string> paths_;
  unique_fd directory_;
  std::vector<unique_fd> tasks_;
};

}  // namespace lxr::io::cgroup
