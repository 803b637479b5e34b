// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "io/process/plan_builder.hpp"
#include "pipeline/launch/launch_inputs.hpp"

namespace lxr::launch {

// Returns the launch plan of a container's first process. The child works in phases:
//   cgroup       joins its groups of cgroup v1
//   ids          with a new user namespace: waits at barrier `ids`
//   namespaces   joins and makes namespaces; reports `separated`
//   filesystems  makes every filesystem of the spec, detached; device nodes of /dev; sysctls; host name
//   network      here with network_first: waits at barrier `link`; configures its links; reports `prepared`
//   root         waits at barrier `root`; attaches the root over the staging directory and, below it, the mounts and
//                `provided_paths`; with hooks reports `mounted` and waits at barrier `hooks`; enters the root
//   network      here without network_first
//   streams      opens the terminal, or takes the standard streams
//   init         executes lxr-init; with waits_for_start that waits for its start
//   process      takes on ids, limits and rights of the user's process; execve(2)
// A spec whose process has no command yet gives a plan without the phase `process`. The child begins with such a plan
// while the image, which names the command, is fetched. lxr-init then maps the plan of the whole spec, which has the
// same operations up to `become_init`.
// Failure: throws as check_supported(), check_joined(), mount_plan and add_process().
io::process::built_plan make_container_plan(const oci::runtime_spec& spec, const launch_inputs& in,
                                            const std::vector<std::string>& provided_paths);

// The descriptors that the parent sends for barrier `root`; -1: not sent. in_order() gives their order in the message.
// `listener` is sent only with waits_for_start; `input`, `output` and `errors` only without a terminal. `files` has one
// mount for each of provided_paths.
struct root_descriptors {
  int root = -1, init = -1, plan_memory = -1, listener = -1, input = -1, output = -1, errors = -1;
  std::vector<int> files;
  [[nodiscard]] std::vector<int> in_order() const;
};

}  // namespace lxr::launch
