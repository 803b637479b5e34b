// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::launch {

// What a container sees at a mount of type "cgroup".
struct cgroup_view {
  bool unified = false;  // v2: a cgroup2 filesystem, whose root is the container's group (cgroup_namespaces(7))
  // v1: the names of the trees to show, and the directory of the container's group in each (io::cgroup::group).
  std::vector<std::string> trees, directories;
};

// The source of a bind mount: a detached copy of its mount, with the attributes of the spec.
struct bind_source {
  unique_fd mount;
  bool is_file = false;  // anything but a directory
  // Its ids are to be mapped as those of the container's user namespace, which does not exist yet: map_binds().
  bool maps_ids = false, maps_ids_below = false;
};
// Returns the sources of the spec's bind mounts, in the order of the spec. A relative source is a path from the
// directory `base`, the bundle's.
// Failure: throws errc::not_found for a missing source, errc::invalid_argument for ids that are to be mapped as those
// of
//   a user namespace that the spec does not have, else as read_mount_options(), io::mount::set_attributes() and
//   io::mount::map_ids().
// `given`: mounts that take the place of the source of the bind at a destination.
struct given_mount {
  std::string destination;
  unique_fd mount;
};
std::vector<bind_source> clone_bind_sources(const oci::runtime_spec& spec, int base,
                                            std::vector<given_mount> given = {});
// Maps the ids of the sources that wait for that. `users` is the container's user namespace.
// Failure: as io::mount::map_ids().
void map_binds(const std::vector<bind_source>& binds, int users);

// The part of a launch plan that makes the container's mount tree. The child makes all filesystems detached, which
// needs no root. Then it attaches them in the order of the spec. It resolves each path below the container's root when
// it attaches to it, so a path can lead through a mount that was attached before.
// Lifecycle: make_filesystems(), then attach_all(), once each. They add operations to the plan, and mount nothing.
// Runs on: one thread.
// Borrows: the constructor's arguments.
// Failure: throws errc::unsupported for a mount option that lxr does not apply.
class mount_plan {
 public:
  mount_plan(io::process::plan_builder& plan, const oci::runtime_spec& spec, const std::vector<bind_source>& binds)
      : plan_(plan), spec_(spec), binds_(binds) {}

  // The operations that need nothing of the engine: the child performs them while the engine prepares the root.
  void make_filesystems(const cgroup_view& cgroups);
  // The operations that need the container's root, whose mount is in slot `root`.
  void attach_all(io::child::slot root);

  // The tmpfs at /dev and the devpts at /dev/pts; -1 when the spec mounts none there.
  [[nodiscard]] io::child::slot dev() const noexcept { return dev_; }
  [[nodiscard]] io::child::slot devpts() const noexcept { return devpts_; }

 private:
  struct entry {
    std::string path;  // below the root
    io::child::slot mount = -1;
    bool is_file = false, is_bind = false;
    bool takes_mode = false;  // a tmpfs whose options name no mode
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
  io::child::slot proc_ = -1, dev_ = -1, devpts_ = -1, empty_ = -1, null_ = -1, cgroup_root_ = -1;
  bool cgroup_root_readonly_ = false;
};

}  // namespace lxr::launch
