// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::launch {

// How a container sees its cgroup at the place of a mount of type "cgroup".
struct cgroup_view {
  bool unified = false;  // one tree: a cgroup2 filesystem, rooted at the container's group by its namespace
  // v1: the names of the trees that are shown, and the directory of its group in each (io::cgroup::group).
  std::vector<std::string> trees, directories;
};

// The source of a bind mount: a detached copy of it, with the attributes that the spec asks for.
struct bind_source {
  unique_fd mount;
  bool is_file = false;
};
// One for each bind mount of the spec, in their order. Relative sources are paths from the directory `base`, the
// bundle's.
// Throws errc::not_found for a source that is missing.
std::vector<bind_source> clone_bind_sources(const oci::runtime_spec& spec, int base);

// The part of a launch plan that makes the container's mount tree. The mounts are attached in the order of the spec,
// each at a path that the child resolves in-root, from the container's root, when it gets there; so what a mount hides,
// or brings, is as the kernel sees it. Filesystems are made detached, before the root is there.
// Lifecycle: make_filesystems(), then attach_all() with the slot of the root. Borrows: all it is made with.
class mount_plan {
 public:
  mount_plan(io::process::plan_builder& plan, const oci::runtime_spec& spec, const std::vector<bind_source>& binds)
      : plan_(plan), spec_(spec), binds_(binds) {}

  // Needs nothing from the engine, so that the child does it while the engine prepares the root.
  void make_filesystems(const cgroup_view& cgroups);
  void attach_all(io::child::slot root);

  // The filesystems at /dev and /dev/pts; -1 when the spec mounts none there.
  [[nodiscard]] io::child::slot dev() const noexcept { return dev_; }
  [[nodiscard]] io::child::slot devpts() const noexcept { return devpts_; }

 private:
  struct entry {
    std::string path;  // below the root
    io::child::slot mount = -1;
    bool is_file = false, is_bind = false;
  };
  void make_mount(const oci::mount_spec& mount, const cgroup_view& cgroups);
  void make_cgroups(const oci::mount_spec& at, const cgroup_view& cgroups);
  io::child::slot make_filesystem(const oci::mount_spec& mount);
  void populate_dev();
  void bind_device(const std::string& path, const std::string& host_path);
  [[nodiscard]] bool lies_in_bind(const std::string& path) const;
  void add_devices(io::child::slot root);
  void write_sysctls();
  io::process::plan_builder& plan_;
  const oci::runtime_spec& spec_;
  const std::vector<bind_source>& binds_;
  std::size_t next_bind_ = 0;
  std::vector<entry> entries_;  // in the order in which they are attached
  io::child::slot proc_ = -1, dev_ = -1, devpts_ = -1, empty_ = -1, mask_dev_ = -1, cgroup_root_ = -1;
};

}  // namespace lxr::launch
