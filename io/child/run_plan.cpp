// SPDX-License-Identifier: Apache-2.0
// The interpreter of launch plans. context.hpp has the rules of this code.
#include <linux/prctl.h>
#include <signal.h>
#include <sys/socket.h>

#include "io/child/context.hpp"

namespace lxr::io::child {

void send_report(const context& c, child_report::kind what, int error) noexcept {
  const child_report r{what, c.index, error, c.ops[c.index].code, c.step};
  call(SYS_sendto, c.channel, word(&r), sizeof r, MSG_NOSIGNAL, 0, 0);
  if (c.starter >= 0) call(SYS_sendto, c.starter, word(&r), sizeof r, MSG_NOSIGNAL, 0, 0);
}

static long run(context& c, const ops::tell& o) noexcept {
  send_report(c, static_cast<child_report::kind>(o.what), 0);
  return 0;
}

template <class Operands>
static long run_as(context& c, const plan_op& o) noexcept {
  static_assert(sizeof(Operands) <= sizeof o.operands);
  return run(c, *reinterpret_cast<const Operands*>(o.operands));
}

static long perform(context& c, const plan_op& o) noexcept {
  switch (o.code) {
    case op::join_cgroup:
      return run_as<ops::join_cgroup>(c, o);
    case op::join_namespaces:
      return run_as<ops::join_namespaces>(c, o);
    case op::become_root:
      return run_as<ops::become_root>(c, o);
    case op::unshare:
      return run_as<ops::unshare>(c, o);
    case op::write_setting:
      return run_as<ops::write_setting>(c, o);
    case op::private_mounts:
      return run_as<ops::private_mounts>(c, o);
    case op::change_root:
      return run_as<ops::change_root>(c, o);
    case op::fork_again:
      return run_as<ops::fork_again>(c, o);
    case op::receive:
      return run_as<ops::receive>(c, o);
    case op::tell:
      return run_as<ops::tell>(c, o);
    case op::make_filesystem:
      return run_as<ops::make_filesystem>(c, o);
    case op::clone_mount:
      return run_as<ops::clone_mount>(c, o);
    case op::attach:
      return run_as<ops::attach>(c, o);
    case op::attach_over:
      return run_as<ops::attach_over>(c, o);
    case op::attach_file:
      return run_as<ops::attach_file>(c, o);
    case op::mask:
      return run_as<ops::mask>(c, o);
    case op::make_readonly:
      return run_as<ops::make_readonly>(c, o);
    case op::set_readonly:
      return run_as<ops::set_readonly>(c, o);
    case op::make_directory:
      return run_as<ops::make_directory>(c, o);
    case op::make_node:
      return run_as<ops::make_node>(c, o);
    case op::make_device:
      return run_as<ops::make_device>(c, o);
    case op::make_link:
      return run_as<ops::make_link>(c, o);
    case op::write_file:
      return run_as<ops::write_file>(c, o);
    case op::enter_root:
      return run_as<ops::enter_root>(c, o);
    case op::set_propagation:
      return run_as<ops::set_propagation>(c, o);
    case op::set_hostname:
      return run_as<ops::set_hostname>(c, o);
    case op::set_domainname:
      return run_as<ops::set_domainname>(c, o);
    case op::open_route:
      return run_as<ops::open_route>(c, o);
    case op::configure_network:
      return run_as<ops::configure_network>(c, o);
    case op::await_links:
      return run_as<ops::await_links>(c, o);
    case op::open_terminal:
      return run_as<ops::open_terminal>(c, o);
    case op::bind_console:
      return run_as<ops::bind_console>(c, o);
    case op::use_terminal:
      return run_as<ops::use_terminal>(c, o);
    case op::use_streams:
      return run_as<ops::use_streams>(c, o);
    case op::become_init:
      return run_as<ops::become_init>(c, o);
    case op::wait_start:
      return run_as<ops::wait_start>(c, o);
    case op::close_others:
      return run_as<ops::close_others>(c, o);
    case op::become_process:
      return run_as<ops::become_process>(c, o);
    case op::exec:
      return run_as<ops::exec>(c, o);
  }
  return -ENOSYS;
}

void run_plan(launch_plan* plan, std::uint32_t first, int channel, int listener) noexcept {
  context c{plan, nullptr, channel, listener, first, 0, -1, false};
  c.ops = reinterpret_cast<const plan_op*>(at(c, plan->ops));
  // No process of the container may trace this one or open its /proc/PID/mem while it is lxr (ptrace(2)).
  call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
  // The kernel kills this process when the parent thread dies; `wait_start` and `exec` undo that.
  call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  call(SYS_umask, 0);
  for (; c.index < plan->op_count; ++c.index) {
    c.step = 0;
    const long result = perform(c, c.ops[c.index]);
    if (result < 0) {
      send_report(c, child_report::failed, static_cast<int>(-result));
      leave(127);
    }
  }
  leave(127);
}

}  // namespace lxr::io::child
