// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/netlink/socket.hpp"
#include "pipeline/launch/mount_plan.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/launch/process_plan.hpp"

// What the launch of a first process needs besides the spec.
namespace lxr::launch {

// What the first process does about its network. The batches are borrowed.
struct network_inputs {
  const io::netlink::batch* inner = nullptr;  // rtnetlink messages that it sends in its network namespace; null: none
  bool waits_for_link = false;                // true: it waits first until the veth exists (first_process::link_made())
  // With waits_for_link: one RTM_GETLINK message for each link of the host that has to be up before the program runs.
  const io::netlink::batch* questions = nullptr;
};

struct launch_inputs {
  // An existing directory of the host. In the child's mount namespace the root is mounted over it.
  std::string staging_directory;
  // Cgroup v1: the `tasks` files of the groups to join. They must stay open until the child has reported `separated`.
  std::vector<int> cgroup_tasks;
  cgroup_view cgroups;
  std::vector<bind_source> binds;        // of clone_bind_sources()
  std::vector<joined_namespace> joined;  // of open_namespaces()
  network_inputs network;
  bool network_first = false;    // true: the child makes its network before it waits for the root (container_plan.hpp)
  bool waits_for_start = false;  // true: lxr-init waits for a connection to its listener (start_socket.hpp)
  filter_inputs seccomp;
  std::string keyring;      // as process_inputs::keyring
  bool under_init = false;  // as process_inputs::under_init
  int preserved = 0;        // as process_inputs::preserved
};

}  // namespace lxr::launch
