// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/process/plan_builder.hpp"
#include "pipeline/launch/launch_inputs.hpp"

namespace lxr::launch {

// The plan of a container's first process, in phases:
//   cgroups      joins v1 hierarchies
//   namespaces   unshares; tells `separated`
//   filesystems  makes every filesystem of the spec, detached; devices; sysctls
//   network      here with network_first: passes the barrier `link`, configures; tells `prepared`
//   root         passes the barrier `root`; attaches the root over the staging directory, the mounts, the files; pivots
//   network      here otherwise
//   streams      terminal or standard streams
//   init         becomes lxr-init, which goes on with the plan in memory; waits to be started
//   process      becomes the user's process; exec
// A spec without a process has no phase `process`: the plan a child begins with, when the image that says what is to
// run is still on its way. The whole plan, which lxr-init maps, has the same operations before `become_init`.
io::process::built_plan make_container_plan(const oci::runtime_spec& spec, const launch_inputs& in,
                                            const std::vector<std::string>& provided_paths);

// How many descriptors the message for the barrier `root` carries, and in which order: root, lxr-init, plan memory,
// listener (with waits_for_start), input, output, errors (without a terminal), then a mount for each provided path.
struct root_descriptors {
  int root = -1, init = -1, plan_memory = -1, listener = -1, input = -1, output = -1, errors = -1;
  std::vector<int> files;
  [[nodiscard]] std::vector<int> in_order() const;
};

}  // namespace lxr::launch
