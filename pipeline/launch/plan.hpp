#pragma once

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec.hpp"
#include "io/netlink/socket.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::container {

// What the child of a start is born with, besides the spec.
struct plan_inputs {
  std::string staging_directory;  // any directory of the host; the root is mounted over it in the child's own namespace
  std::vector<int> cgroup_tasks;  // cgroup v1
  bool unified_cgroups = false;
  const io::netlink::batch* network = nullptr;  // to be sent inside the namespace; null: the host's network
  bool waits_for_link = false;                  // not before the engine has made the link
  const io::netlink::batch* link_questions = nullptr;  // with waits_for_link: the links of the host that have to be up before a packet is sent
  bool waits_for_start = false;                 // in lxr-init, on the listener
  unsigned short rows = 0, columns = 0;         // of its terminal
  std::vector<std::string> cgroup_v1;           // directories of its cgroups that it is to see, each named after the last part of its tree
  bool ahead = false;                           // the network comes before what is handed over, which may take long to come
};

// The descriptors it gets in a message once they exist. -1: not there.
struct handed_over {
  int root = -1;                                      // a detached mount
  int hosts = -1, hostname = -1, resolv_conf = -1;    // detached file mounts
  int init = -1, plan_memory = -1;                    // lxr-init, and the memfd that holds the whole plan
  int listener = -1;                                  // with waits_for_start
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;  // without a terminal
  [[nodiscard]] std::vector<int> in_order() const;    // of the plan's slots
};

// The plan of a container's first process. It stops twice for the engine: first for what is handed over, then, with a link,
// until that exists; made ahead, in the other order, and tells when only the handing over is left. A spec whose process has no command yet gives the part up to lxr-init, which maps the whole plan: to
// be there before the handing over. Both parts count their operations alike.
io::process::built_plan make_container_plan(const oci::runtime_spec& spec, const plan_inputs& in);

struct exec_inputs {
  int pidfd = -1;
  std::uint64_t namespaces = 0;  // CLONE_NEW* to join
  std::vector<int> cgroup_tasks;
  int stdin_fd = -1, stdout_fd = -1, stderr_fd = -1;
  int init = -1, plan_memory = -1;
  unsigned short rows = 0, columns = 0;  // of its terminal
};
// The plan of a further process in a running container.
io::process::built_plan make_exec_plan(const oci::runtime_spec& spec, const exec_inputs& in,
                                       const std::vector<std::string>& candidates);

// What a child's failure means to a user. `root` is the container's root directory, to look at a program that could not
// be executed (-1: not at hand).
error explain_failure(const io::process::built_plan& plan, const io::process::child_report& report,
                      const oci::runtime_spec& spec, int root = -1);

}  // namespace lxr::container
