// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/netlink/socket.hpp"
#include "pipeline/launch/mount_plan.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/launch/process_plan.hpp"

// What a launch takes besides the spec.
namespace lxr::launch {

// The container's network, as far as its first process does something about it. Borrowed.
struct network_inputs {
  const io::netlink::batch* inner = nullptr;  // messages to be sent inside the namespace; null: none
  bool waits_for_link = false;                // until the engine has made the veth (first_process::link_made)
  // With waits_for_link: the links of the host that have to be up before a packet is sent.
  const io::netlink::batch* questions = nullptr;
};

// What exists before the child does, and is in its plan.
struct launch_inputs {
  // Any directory of the host; the root is mounted over it in the child's own mount namespace.
  std::string staging_directory;
  std::vector<int> cgroup_tasks;  // cgroup v1: `tasks` files to join
  cgroup_view cgroups;
  std::vector<bind_source> binds;        // clone_bind_sources()
  std::vector<joined_namespace> joined;  // open_namespaces()
  network_inputs network;
  bool network_first = false;  // the network before the root: of a container that is made ahead and waits for its root
  bool waits_for_start = false;  // in lxr-init, on its listener
  filter_inputs seccomp;
  std::string keyring;  // process_inputs::keyring
};

}  // namespace lxr::launch
