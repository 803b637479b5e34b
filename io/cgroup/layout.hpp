// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace lxr::io::cgroup {

// Where this host's cgroup hierarchies are mounted. There are four kinds of hosts:
//   v2      `base` is the one tree, with every controller
//   v1      a tree for each controller: `base`/memory, `base`/pids, ...
//   hybrid  as v1, with a v2 tree at `base`/unified that has no controllers but can freeze and kill groups
//   none    nothing is mounted; a container without limits needs no group
// Source: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/; systemd's CGROUP_DELEGATION for hybrid.
struct layout {
  bool unified = false;  // v2
  std::string base;      // normally /sys/fs/cgroup

  static layout detect(const std::string& base = "/sys/fs/cgroup");

  // The tree that has a controller. On v1 the directory need not exist.
  [[nodiscard]] std::string tree(const std::string& controller) const {
    return unified ? base : base + "/" + controller;
  }
  // The v2 tree; empty on v1 without one.
  [[nodiscard]] std::string unified_tree() const;
};

}  // namespace lxr::io::cgroup
