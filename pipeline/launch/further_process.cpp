// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/further_process.hpp"

#include <linux/sched.h>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/launch/failure.hpp"
#include "pipeline/launch/process_plan.hpp"
#include "pipeline/launch/program_copy.hpp"
#include "pipeline/launch/spec_inputs.hpp"

namespace lxr::launch {
namespace {

namespace ops = io::child::ops;
using io::child::child_report;
using io::process::child_process;

io::process::built_plan make_further_plan(const oci::process_spec& process, const further_inputs& in, int init,
                                          int memory) {
  io::process::plan_builder plan;
  for (const int tasks : in.cgroup_tasks) plan.add("cgroup", ops::join_cgroup{plan.slot(tasks)});
  plan.add("namespaces", ops::join_namespaces{.of = plan.slot(in.pidfd), .kinds = in.namespaces});
  if ((in.namespaces & CLONE_NEWUSER) != 0) plan.add("user namespace", ops::become_root{});
  plan.add("root filesystem", ops::change_root{plan.slot(in.root)});
  plan.add("process", ops::fork_again{});
  if (process.terminal) {
    add_terminal(plan, process, -1, -1);
  } else {
    plan.add("stdio", ops::use_streams{plan.slot(in.input), plan.slot(in.output), plan.slot(in.errors)});
  }
  add_init(plan, plan.slot(init), plan.slot(memory), -1);
  add_process(plan, process, in.process);
  return plan.build();
}

task<void> follow(started_process& out, const io::process::built_plan& plan, const oci::process_spec& process,
                  int root) {
  readiness channel(co_await asio::this_coro::executor, out.process.channel());
  bool about_to_exec = false;
  for (;;) {
    co_await channel.readable();
    auto message = out.process.receive();
    if (!message && about_to_exec) co_return;
    if (!message) throw error(errc::conflict, "run in container", "", "the process was killed while it was set up");
    switch (message->report.what) {
      case child_report::failed:
        throw explain_failure(plan, message->report, process, root);
      case child_report::forked:
        out.process.become(message->report.error);
        break;
      case child_report::terminal:
        out.terminal = std::move(message->descriptor);
        break;
      case child_report::about_to_exec:
        about_to_exec = true;
        break;
      default:
        break;
    }
  }
}

}  // namespace

task<started_process> start_further_process(context& on, std::string name, oci::process_spec process,
                                            further_inputs in) {
  constexpr auto deadline = std::chrono::seconds(60);
  check_supported(process);
  const unique_fd memory = make_plan_memory();
  io::process::built_plan plan = make_further_plan(process, in, on.init_program(), memory.get());
  file::write_all(memory.get(), plan.bytes(), "launch plan");
  child_process::options how;
  how.cgroup = in.cgroup;
  how.own_memory = in.own_memory;
  how.forks = true;
  started_process out;
  out.process = child_process::spawn(plan, how);
  auto following = follow(out, plan, process, in.root);
  co_await with_deadline(deadline, std::move(following), "run in container", '"' + name + "\", which may be frozen",
                         std::move(in.gives_up));
  out.process.close_channel();
  co_return out;
}

}  // namespace lxr::launch
