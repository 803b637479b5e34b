#include "pipeline/launch/exec.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/model/container_config.hpp"
#include "core/instance/container_lock.hpp"
#include "core/model/container_state.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/container/create.hpp"
#include "pipeline/launch/plan.hpp"
#include "pipeline/launch/program_copy.hpp"
#include "pipeline/spec/spec.hpp"

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
  oci::runtime_spec spec = make_spec(as, image, [root](const std::string& path) { return io::mount::read_rooted(root, path); });
  spec.process.makes_cwd = false;
  return spec;
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

namespace {

[[noreturn]] void not_running(const container_config& config, const char* why = "container not running") {
  throw error(errc::conflict, "run in container", '"' + config.name + '"', why, "start it with: lxr start " + config.name);
}

// A running container's first process, and what is looked at through it.
struct target {
  process_identity init;
  unique_fd pidfd, root;
};

// One that is being started is waited for, unless that takes as long as an image's pull.
task<target> open_target(const instance& where, const container_config& config) {
  container_state state = load_state(where, config.id);
  if (state.status == container_status::starting) {
    const container_lock started = co_await lock_container(where, config.id);
    state = load_state(where, config.id);
  }
  if (state.status == container_status::starting) {
    throw error(errc::conflict, "run in container", '"' + config.name + '"', "another lxr is starting it", "wait until it runs");
  }
  if (!state.can_exec()) not_running(config);
  target out{state.init, state.init.open(), {}};
  if (!out.pidfd) not_running(config);
  out.root = unique_fd(::open(("/proc/" + std::to_string(state.init.pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.root || !state.init.is_alive()) not_running(config, "container not running: it was stopped meanwhile");
  co_return out;
}

// What the first process has, not what the caller of exec has.
void limit_as(oci::runtime_spec::process_spec& process, pid_t first) {
  rlimit limit{};
  if (::prlimit(first, RLIMIT_NOFILE, nullptr, &limit) != 0) return;
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  const rlimit raised{own.rlim_cur, std::max(own.rlim_max, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0) limit.rlim_max = std::min(limit.rlim_max, own.rlim_max);  // it takes CAP_SYS_RESOURCE
  process.soft_descriptors = static_cast<std::int32_t>(std::min<rlim_t>({limit.rlim_cur, limit.rlim_max, 1 << 30}));
  process.hard_descriptors = static_cast<std::int64_t>(limit.rlim_max);
}

exec_inputs inputs_of(const target& in, const container_config& config, const exec_options& options) {
  exec_inputs out;
  out.pidfd = in.pidfd.get();
  out.namespaces = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP;
  if (config.network != network_mode::host) out.namespaces |= CLONE_NEWNET;
  out.stdin_fd = options.stdin_fd;
  out.stdout_fd = options.stdout_fd;
  out.stderr_fd = options.stderr_fd;
  out.rows = options.size.rows;
  out.columns = options.size.columns;
  return out;
}

task<exec_process> run_in(engine& on, const container_config& config, const target& in, const exec_options& options) {
  constexpr auto limit = std::chrono::seconds(60);
  const image::image image = on.images.load(config.image_id);
  oci::runtime_spec spec = exec_spec(config, image.config, options, in.root.get());
  limit_as(spec.process, in.init.pid);
  spec.process.oom_score_adj = on.oom_score_for(config);
  const io::cgroup::group group = on.cgroups_of(config.id);
  exec_inputs inputs = inputs_of(in, config, options);
  for (const unique_fd& tasks : group.tasks()) inputs.cgroup_tasks.push_back(tasks.get());
  const unique_fd memory = make_plan_memory();
  inputs.init = on.init_program();
  inputs.plan_memory = memory.get();
  io::process::built_plan plan =
      make_exec_plan(spec, inputs, exec_candidates(spec.process.args.front(), find_env(spec.process.env, "PATH")));
  file::write_all(memory.get(), plan.bytes(), "launch plan");
  child_process::options how;
  how.cgroup = group.directory();
  how.own_memory = config.memory > 0;
  how.forks = true;
  exec_process out;
  out.process = child_process::spawn(plan.get(), how);
  auto following = follow(out, plan, spec, in.root.get());
  co_await with_deadline(limit, std::move(following), "run in container", '"' + config.name + "\", which may be frozen");
  out.process.close_channel();
  co_return out;
}

}  // namespace

task<exec_process> exec(engine& on, std::string id, exec_options options) {
  const container_config config = co_await config_of(on.where, id);
  const target in = co_await open_target(on.where, config);
  std::exception_ptr failure;
  try {
    auto running = run_in(on, config, in, options);
    co_return co_await std::move(running);
  } catch (...) {
    failure = std::current_exception();
  }
  // Whatever failed: the end of the container under way is the cause.
  if (!in.init.is_alive()) not_running(config, "container not running: it was stopped meanwhile");
  std::rethrow_exception(failure);
}

}  // namespace lxr::container
