// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/cgroup/layout.hpp"

namespace lxr::io::cgroup {

// Gives the text that a group made on the way is marked with (attribute trusted.lxr), for sweep_orphans(); an empty
// text, or none: no mark.
using marking = std::function<std::string()>;

// In which trees of v1 a group is made: of those that the resources need, or of all that are mounted, so that others
// find the files of every controller; also of systemd's and of the v2 tree of a hybrid host.
enum class membership { needed_trees, every_tree };

// The cgroup of one container: <tree>/<path>, one directory on v2; on v1 and hybrid one in each tree that a resource
// needs, and in that of pids for a container without any. `path` is relative: "lxr/ID".
// Lifecycle: create() or open(); processes join; remove() (removal.hpp) once they have ended. The destructor only
//   closes descriptors: the cgroup belongs to the container, not to this object.
// Runs on: any thread; blocks for a few system calls.
// Owns: the descriptors of directory() and tasks().
// Failure: create() and update() throw errc::unsupported naming the controller or property that this host lacks, and
//   errc::invalid_argument for a value that the kernel refuses; create() removes what it made. open() throws
//   lxr::error, but a missing group is only an empty object.
class group {
 public:
  static group create(const layout& where, const std::string& path, const oci::resources_spec& resources,
                      const marking& mark = {}, membership where_in = membership::needed_trees);
  // `trees`: those that create() made it in, as its trees() says; empty: every tree is looked at.
  static group open(const layout& where, const std::string& path, const std::vector<std::string>& trees = {});

  // v2: the descriptor for CLONE_INTO_CGROUP; v1: -1.
  [[nodiscard]] int directory() const noexcept { return directory_.get(); }
  // v1: the `tasks` files (cgroup.procs of a hybrid's v2 tree); a process joins by writing "0" to each.
  [[nodiscard]] const std::vector<unique_fd>& tasks() const noexcept { return tasks_; }
  // The directories of the group, one per tree.
  [[nodiscard]] const std::vector<std::string>& paths() const noexcept { return paths_; }
  // v1: the names of these trees, "pids"; v2: none.
  [[nodiscard]] const std::vector<std::string>& trees() const noexcept { return trees_; }
  [[nodiscard]] bool had_oom_kill() const;

 private:
  std::vector<std::string> paths_, trees_;
  unique_fd directory_;
  std::vector<unique_fd> tasks_;
};

// Whether any process is in the group, or in one below it.
[[nodiscard]] bool has_processes(const layout& where, const std::string& path);

// Changes resources of a group while its processes run; what `resources` does not name stays as it is. On v1 the
// processes are moved into the trees that they were not in, and whose names are returned.
std::vector<std::string> update(const layout& where, const std::string& path, const oci::resources_spec& resources);

}  // namespace lxr::io::cgroup
