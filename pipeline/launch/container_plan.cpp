// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/container_plan.hpp"

#include <linux/sched.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/words.hpp"
#include "pipeline/launch/hooks.hpp"
#include "pipeline/launch/mount_options.hpp"
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
  int count = 0;
};

class container_planner {
 public:
  container_planner(const oci::runtime_spec& spec, const launch_inputs& in,
                    const std::vector<std::string>& provided_paths)
      : spec_(spec), in_(in), paths_(provided_paths), mounts_(plan_, spec, in.binds) {}

  io::process::built_plan build() {
    check_supported(spec_, in_.network.inner != nullptr);
    check_joined(spec_, in_.joined);
    join_cgroups();
    if (has_new(spec_.linux_part, oci::namespace_kind::user)) {
      plan_.add("user namespace", ops::receive{.which = barrier::ids, .first = -1, .count = 0});
      plan_.add("user namespace", ops::become_root{});
    }
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
      add_process(plan_, *spec_.process,
                  {in_.seccomp, spec_.linux_part.personality, in_.keyring, in_.under_init, true, in_.preserved});
    return plan_.build();
  }

 private:
  void join_cgroups() {
    for (const int tasks : in_.cgroup_tasks) plan_.add("cgroup", ops::join_cgroup{plan_.slot(tasks)});
  }

  // The order matters:
  // - after join_cgroups(): a new cgroup namespace has the group of its creator as its root (cgroup_namespaces(7));
  // - open_route before the child leaves the host's network namespace;
  // - join_namespaces before unshare: the user namespace that a process is in owns what it makes (user_namespaces(7)).
  void separate() {
    if (in_.network.questions != nullptr) {
      host_route_ = plan_.slot();
      plan_.add("the host's network", ops::open_route{host_route_});
    }
    for (const joined_namespace& j : in_.joined) {
      const auto kind = static_cast<std::uint32_t>(oci::clone_flag(j.kind));
      plan_.add(std::string(oci::to_word(j.kind)) + " namespace",
                ops::join_namespaces{.of = plan_.slot(j.file.get()), .kinds = kind});
    }
    if (has_joined(spec_.linux_part, oci::namespace_kind::user)) plan_.add("user namespace", ops::become_root{});
    plan_.add("namespaces", ops::unshare{namespaces_by_unshare(spec_.linux_part)});
    if (forks_into_pid_namespace(spec_.linux_part)) plan_.add("pid namespace", ops::fork_again{});
    if (!spec_.linux_part.time_offsets.empty())
      add_setting("/proc/self/timens_offsets", time_offsets_text(spec_.linux_part), true);
    // Before `separated` lets the engine make the veth: a new link copies the settings of conf/default.
    if (in_.network.waits_for_link) add_setting("/proc/sys/net/ipv6/conf/default/accept_ra", "0", false);
    plan_.add("namespaces", ops::tell{child_report::separated});
    plan_.add("mount namespace", ops::private_mounts{});
  }

  void add_setting(const std::string& path, const std::string& value, bool is_required) {
    plan_.add(path, ops::write_setting{plan_.text(path), plan_.bytes(value), is_required});
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
    const auto take = [this] {
      ++root_.count;
      return plan_.slot();
    };
    root_.root = take();
    root_.init = take();
    root_.memory = take();
    if (in_.waits_for_start) root_.listener = take();
    if (!has_terminal()) {
      for (slot* stream : {&root_.input, &root_.output, &root_.errors}) *stream = take();
    }
    for (std::size_t i = 0; i < paths_.size(); ++i) root_.files.push_back(take());
  }

  void enter_root() {
    take_slots();
    plan_.add("root filesystem", ops::receive{.which = barrier::root, .first = root_.root, .count = root_.count});
    plan_.add("root filesystem", ops::attach_over{.mount = root_.root, .directory = plan_.text(in_.staging_directory)});
    mounts_.attach_all(root_.root);
    for (std::size_t i = 0; i < paths_.size(); ++i) {
      plan_.add(paths_[i],
                ops::attach_file{.mount = root_.files[i], .root = root_.root, .path = plan_.text(paths_[i])});
    }
    if (has_hooks_before_root(spec_.hooks)) {
      plan_.add("mounts", ops::tell{child_report::mounted});
      plan_.add("hooks", ops::receive{.which = barrier::hooks, .first = -1, .count = 0});
    }
    if (spec_.root.readonly) plan_.add("root filesystem", ops::set_readonly{root_.root});
    plan_.add("root filesystem", ops::enter_root{root_.root});
    const std::uint64_t propagation = propagation_flags(spec_.linux_part.rootfs_propagation);
    if (propagation != 0) plan_.add("rootfsPropagation", ops::set_propagation{propagation});
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
