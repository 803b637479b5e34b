#include "pipeline/container/exec.hpp"

#include <fcntl.h>
#include <linux/sched.h>

#include "core/async/readiness.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/state/container_config.hpp"
#include "core/state/container_state.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/container/plan.hpp"
#include "pipeline/container/spec.hpp"

namespace lxr::container {
namespace {

using io::process::child_process;
using io::process::child_report;

std::string best_shell(int root) {
  for (const char* shell : {"bin/bash", "usr/bin/bash", "usr/local/bin/bash", "bin/zsh", "bin/ash", "bin/dash", "bin/sh", "busybox/sh"}) {
    if (io::mount::open_rooted(root, shell, O_PATH)) return std::string("/") + shell;
  }
  throw error(errc::command_not_found, "open a shell", "", "the container has none", "name a command it has");
}

oci::runtime_spec exec_spec(const container_config& config, const oci::image_config& image, const exec_options& options, int root) {
  container_config as = config;
  as.tty = options.tty;
  if (!options.user.empty()) as.user = options.user;
  if (!options.working_dir.empty()) as.working_dir = options.working_dir;
  as.env.insert(as.env.end(), options.env.begin(), options.env.end());
  as.entrypoint.emplace();
  as.command = options.command.empty() ? std::vector{best_shell(root)} : options.command;
  return make_spec(as, image, [root](const std::string& path) { return io::mount::read_rooted(root, path); });
}

task<void> follow(exec_process& out, const io::process::built_plan& plan, const oci::runtime_spec& spec, int root) {
  readiness channel(co_await asio::this_coro::executor, out.process.channel());
  bool about_to_exec = false;
  for (;;) {
    co_await channel.readable();
    auto message = out.process.receive();
    if (!message && about_to_exec) co_return;
    if (!message) throw error(errc::conflict, "run in container", "", "the process died while it was being set up");
    switch (message->report.what) {
      case child_report::failed: throw explain_failure(plan, message->report, spec, root);
      case child_report::forked: out.process.become(message->report.error); break;
      case child_report::console: out.terminal = std::move(message->descriptor); break;
      case child_report::about_to_exec: about_to_exec = true; break;
      default: break;
    }
  }
}

}  // namespace

task<exec_process> exec(engine& on, std::string id, exec_options options) {
  const container_config config = load_config(on.where, id);
  const container_state state = load_state(on.where, id);
  if (!state.can_exec()) {
    throw error(errc::conflict, "run in container", '"' + config.name + '"', "container not running", "start it with: lxr start " + config.name);
  }
  const unique_fd pidfd = io::process::open_pidfd(state.init.pid);
  const unique_fd root = file::open_at(AT_FDCWD, "/proc/" + std::to_string(state.init.pid) + "/root", O_PATH | O_DIRECTORY);
  if (!state.init.is_alive()) throw error(errc::conflict, "run in container", '"' + config.name + '"', "container not running");

  const image::image image = on.images.load(config.image_id);
  const oci::runtime_spec spec = exec_spec(config, image.config, options, root.get());
  const io::cgroup::group group = on.cgroups_of(id);
  exec_inputs in;
  in.pidfd = pidfd.get();
  in.namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
  if (config.network != network_mode::host) in.namespaces |= CLONE_NEWNET;
  for (const unique_fd& tasks : group.tasks()) in.cgroup_tasks.push_back(tasks.get());
  in.stdin_fd = options.stdin_fd;
  in.stdout_fd = options.stdout_fd;
  in.stderr_fd = options.stderr_fd;
  const unique_fd memory = make_plan_memory();
  in.init = on.init_program();
  in.plan_memory = memory.get();
  io::process::built_plan plan =
      make_exec_plan(spec, in, exec_candidates(spec.process.args.front(), find_env(spec.process.env, "PATH")));
  file::write_all(memory.get(), plan.bytes(), "launch plan");
  exec_process out;
  child_process::options how;
  how.cgroup = group.directory();
  how.own_memory = config.memory > 0;
  how.forks = true;
  out.process = child_process::spawn(plan.get(), how);
  co_await follow(out, plan, spec, root.get());
  out.process.close_channel();
  co_return out;
}

}  // namespace lxr::container
