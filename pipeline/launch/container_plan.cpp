// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/container_plan.hpp"

#include <linux/sched.h>

#include "core/oci/runtime_spec/words.hpp"
#include "pipeline/launch/process_plan.hpp"
#include "pipeline/launch/spec_inputs.hpp"

namespace lxr::launch {
namespace {

namespace ops = io::child::ops;
using io::child::barrier;
using io::child::child_report;
using io::child::slot;
using io::process::plan_builder;

// The slots that the message for the barrier `root` fills.
struct root_slots {
  slot root, init, memory, listener = -1, input = -1, output = -1, errors = -1;
  std::vector<slot> files;
};

class container_planner {
 public:
  container_planner(const oci::runtime_spec& spec, const launch_inputs& in,
                    const std::vector<std::string>& provided_paths)
      : spec_(spec), in_(in), paths_(provided_paths), mounts_(plan_, spec, in.binds) {}

  io::process::built_plan build() {
    check_supported(spec_, in_.network.inner != nullptr);
    join_cgroups();
    separate();
    mounts_.make_filesystems(in_.cgroups);
    set_names();
    if (in_.network_first) {
      configure_network();
      plan_.add("preparation", ops::tell{child_report::prepared});
    }
    enter_root();
    if (!in_.network_first) configure_network();
    open_streams();
    add_init(plan_, root_.init, root_.memory, root_.listener);
    if (spec_.process && !spec_.process->args.empty())
      add_process(plan_, *spec_.process, in_.seccomp, working_directory::made);
    return plan_.build();
  }

 private:
  void join_cgroups() {
    for (const int tasks : in_.cgroup_tasks) plan_.add("cgroup", ops::join_cgroup{plan_.slot(tasks)});
  }

  // After joining: a cgroup namespace is rooted where its creator is. The pid namespace is clone's: see first_process.
  void separate() {
    if (in_.network.questions != nullptr) {
      host_route_ = plan_.slot();
      plan_.add("the host's network", ops::open_route{host_route_});
    }
    std::uint32_t kinds = 0;
    for (const oci::namespace_spec& n : spec_.linux_part.namespaces) {
      if (n.type != oci::namespace_kind::pid) kinds |= static_cast<std::uint32_t>(oci::clone_flag(n.type));
    }
    ops::unshare unshare{.kinds = kinds};
    if (in_.network.waits_for_link) {
      unshare.setting = plan_.text("/proc/sys/net/ipv6/conf/default/accept_ra");
      unshare.value = plan_.bytes("0");
    }
    plan_.add("namespaces", unshare);
    plan_.add("mount namespace", ops::private_mounts{});
  }

  void set_names() {
    if (!spec_.hostname.empty()) plan_.add(spec_.hostname, ops::set_hostname{plan_.text(spec_.hostname)});
    if (!spec_.domainname.empty()) plan_.add(spec_.domainname, ops::set_domainname{plan_.text(spec_.domainname)});
  }

  void configure_network() {
    const network_inputs& n = in_.network;
    if (n.waits_for_link) plan_.add("network link", ops::receive{.which = barrier::link});
    if (n.inner == nullptr) return;
    plan_.add("network", ops::configure_network{.messages = bytes_of(*n.inner), .count = n.inner->size()});
    if (host_route_ >= 0)
      plan_.add(
          "network link",
          ops::await_links{.route = host_route_, .questions = bytes_of(*n.questions), .count = n.questions->size()});
  }

  io::child::bytes bytes_of(const io::netlink::batch& b) { return plan_.bytes({b.bytes().data(), b.bytes().size()}); }

  // In the order of root_descriptors.
  void take_slots() {
    root_.root = plan_.slot();
    root_.init = plan_.slot();
    root_.memory = plan_.slot();
    if (in_.waits_for_start) root_.listener = plan_.slot();
    if (!has_terminal()) {
      for (slot* stream : {&root_.input, &root_.output, &root_.errors}) *stream = plan_.slot();
    }
    for (std::size_t i = 0; i < paths_.size(); ++i) root_.files.push_back(plan_.slot());
  }

  void enter_root() {
    take_slots();
    const slot last = root_.files.empty() ? (root_.errors >= 0     ? root_.errors
                                             : root_.listener >= 0 ? root_.listener
                                                                   : root_.memory)
                                          : root_.files.back();
    plan_.add("root filesystem",
              ops::receive{.which = barrier::root, .first = root_.root, .count = last - root_.root + 1});
    plan_.add("root filesystem", ops::attach_over{.mount = root_.root, .directory = plan_.text(in_.staging_directory)});
    mounts_.attach_all(root_.root);
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      plan_.add(paths_[i],
                ops::attach_file{.mount = root_.files[i], .root = root_.root, .path = plan_.text(paths_[i])});
    }
    if (spec_.root.readonly) plan_.add("root filesystem", ops::set_readonly{root_.root});
    plan_.add("root filesystem", ops::enter_root{root_.root});
  }

  [[nodiscard]] bool has_terminal() const { return spec_.process && spec_.process->terminal; }

  void open_streams() {
    if (has_terminal()) {
      add_terminal(plan_, *spec_.process, mounts_.devpts(), mounts_.dev());
    } else {
      plan_.add("stdio", ops::use_streams{root_.input, root_.output, root_.errors});
    }
  }

  const oci::runtime_spec& spec_;
  const launch_inputs& in_;
  const std::vector<std::string>& paths_;
  plan_builder plan_;
  mount_plan mounts_;
  root_slots root_{};
  slot host_route_ = -1;
};

}  // namespace

std::vector<int> root_descriptors::in_order() const {
  std::vector<int> out;
  for (const int fd : {root, init, plan_memory, listener, input, output, errors}) {
    if (fd >= 0) out.push_back(fd);
  }
  out.insert(out.end(), files.begin(), files.end());
  return out;
}

io::process::built_plan make_container_plan(const oci::runtime_spec& spec, const launch_inputs& in,
                                            const std::vector<std::string>& provided_paths) {
  return container_planner(spec, in, provided_paths).build();
}

}  // namespace lxr::launch
