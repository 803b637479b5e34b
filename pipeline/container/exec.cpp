// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/exec.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/instance/container_lock.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_spec.hpp"
#include "core/model/container_state.hpp"
#include "core/oci/runtime_spec/words.hpp"
#include "io/mount/rooted.hpp"
#include "pipeline/container/id_ranges.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::container {
namespace {

std::string best_shell(int root) {
  for (const char* shell :
       {"bin/bash", "usr/bin/bash", "usr/local/bin/bash", "bin/zsh", "bin/ash", "bin/dash", "bin/sh", "busybox/sh"}) {
    if (io::mount::open_rooted(root, shell, O_PATH)) return std::string("/") + shell;
  }
  throw error(errc::command_not_found, "open a shell", "", "the container has none", "name a command it has");
}

[[noreturn]] void not_running(const container_config& config, const char* why = "container not running") {
  throw error(errc::conflict, "run in container", '"' + config.name + '"', why,
              "start it with: lxr start " + config.name);
}

[[noreturn]] void is_paused(const container_config& config) {
  throw error(errc::conflict, "run in container", '"' + config.name + '"', "it is paused",
              "let it go on with: lxr unpause " + config.name);
}

// A running container, with its first process and what is looked at through that.
struct target {
  container_state state;
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
    throw error(errc::conflict, "run in container", '"' + config.name + '"', "another lxr is starting it",
                "wait until it runs");
  }
  if (state.is_paused) is_paused(config);
  if (!state.can_exec()) not_running(config);
  target out{state, state.init.open(), {}};
  if (!out.pidfd) not_running(config);
  out.root = unique_fd(
      ::open(("/proc/" + std::to_string(state.init.pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!out.root || !state.init.is_alive()) not_running(config, "container not running: it was stopped meanwhile");
  co_return out;
}

// What the first process has now, which may be another than it began with; not what the caller of exec has.
void limit_as(oci::process_spec& process, pid_t first) {
  rlimit limit{};
  if (::prlimit(first, RLIMIT_NOFILE, nullptr, &limit) != 0) return;
  rlimit own{};
  ::getrlimit(RLIMIT_NOFILE, &own);
  const rlimit raised{own.rlim_cur, std::max(own.rlim_max, limit.rlim_max)};
  if (::setrlimit(RLIMIT_NOFILE, &raised) != 0)
    limit.rlim_max = std::min(limit.rlim_max, own.rlim_max);  // it takes CAP_SYS_RESOURCE
  std::erase_if(process.rlimits, [](const oci::rlimit& l) { return l.type == "RLIMIT_NOFILE"; });
  process.rlimits.push_back({"RLIMIT_NOFILE", limit.rlim_max, std::min(limit.rlim_cur, limit.rlim_max)});
}

// Without a spec that can be used, the process is as the image says it now.
oci::runtime_spec spec_of(engine& on, const container_config& config, const spec::file_reader& read) {
  oci::runtime_spec spec = spec::make_surroundings(config);
  if (const auto kept = load_spec(on.where, config.id)) {
    spec::add_known_process(spec, *kept, config);
  } else {
    spec::add_process(spec, config, on.images.load(config.image_id).config, read);
  }
  return spec;
}

oci::process_spec process_of(engine& on, const oci::runtime_spec& container, const target& in,
                             const exec_options& options, const spec::file_reader& read) {
  oci::process_spec process =
      spec::make_process(container,
                         {options.command.empty() ? std::vector{best_shell(in.root.get())} : options.command,
                          options.env, options.user, options.working_dir, options.tty, options.privileged},
                         read);
  if (options.size.rows != 0 || options.size.columns != 0)
    process.console_size = {options.size.rows, options.size.columns};
  limit_as(process, in.state.init.pid);
  on.omit_inherited(process);
  return process;
}

// Asked while it is being set up, when the container may also have been removed.
bool was_paused(const instance& where, const std::string& id) noexcept {
  bool is_paused = false;
  quietly([&] { is_paused = load_raw_state(where, id).is_paused; });
  return is_paused;
}

// Pipes of the caller that a user namespace does not know could not be opened by /dev/stdout there.
void give_pipes(const container_config& config, const container_state& state, const exec_options& options) {
  const namespace_options& n = config.namespaces;
  if (!n.has_user()) return;
  const uid_t uid = n.own_ids != 0 ? first_id(state.id_range) : launch::id_of_root(n.uid_mappings);
  const gid_t gid = n.own_ids != 0 ? first_id(state.id_range) : launch::id_of_root(n.gid_mappings);
  for (const int fd : {options.stdout_fd, options.stderr_fd}) {
    struct stat st{};
    if (fd >= 0 && ::fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode)) static_cast<void>(!::fchown(fd, uid, gid));
  }
}

task<launch::started_process> run_in(engine& on, const container_config& config, const target& in,
                                     const exec_options& options) {
  const spec::file_reader read = [root = in.root.get()](const std::string& path) {
    return io::mount::read_rooted(root, path);
  };
  const oci::runtime_spec container = spec_of(on, config, read);
  const io::cgroup::group group = cgroup_of(on.where, on.cgroups, config.id, in.state);
  launch::further_inputs inputs;
  inputs.pidfd = in.pidfd.get();
  inputs.root = in.root.get();
  for (const oci::namespace_spec& n : container.linux_part.namespaces)
    inputs.namespaces |= static_cast<std::uint32_t>(oci::clone_flag(n.type));
  inputs.cgroup = group.directory();
  for (const unique_fd& tasks : group.tasks()) inputs.cgroup_tasks.push_back(tasks.get());
  inputs.own_memory = container.linux_part.resources.memory.has_value();
  inputs.input = options.stdin_fd;
  inputs.output = options.stdout_fd;
  inputs.errors = options.stderr_fd;
  give_pipes(config, in.state, options);
  if (!options.privileged) inputs.process.seccomp = on.filters.of(config.security);
  inputs.gives_up = [&on, &config] { return was_paused(on.where, config.id); };
  auto starting =
      launch::start_further_process(on.launching, config.name, process_of(on, container, in, options, read), inputs);
  co_return co_await std::move(starting);
}

bool is_conflict(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    return e.code() == errc::conflict;
  } catch (...) {
    return false;
  }
}

// Waits a moment for the end of a process. Returns false when it lives on.
task<bool> ends_soon(int pidfd) {
  constexpr auto moment = std::chrono::milliseconds(500);
  readiness end(co_await asio::this_coro::executor, pidfd);
  try {
    auto ending = end.readable();
    co_await with_deadline(moment, std::move(ending), "wait for", "its end");
    co_return true;
  } catch (const error&) {
    co_return false;
  }
}

// The failure as one of the container, if it names nothing yet. Throws what is no lxr::error.
error named(const std::exception_ptr& failure, const std::string& container) {
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    if (!e.subject().empty()) return e;
    return {e.code(), e.operation(), '"' + container + '"', e.reason(), e.remedy()};
  }
}

}  // namespace

task<launch::started_process> exec(engine& on, std::string id, exec_options options) {
  const container_config config = co_await config_of(on.where, id);
  const target in = co_await open_target(on.where, config);
  std::exception_ptr failure;
  try {
    auto running = run_in(on, config, in, options);
    launch::started_process out = co_await std::move(running);
    // It was paused meanwhile, and this process came too late to be stopped with the others.
    if (load_raw_state(on.where, id).is_paused) is_paused(config);
    co_return out;
  } catch (...) {
    failure = std::current_exception();
  }
  if (in.state.init.is_alive() && was_paused(on.where, id)) is_paused(config);
  // Whatever failed: the end of the container under way is the cause. What ends it may have killed this process first.
  auto ending = ends_soon(in.pidfd.get());
  const bool was_killed = is_conflict(failure) && co_await std::move(ending);
  if (was_killed || !in.state.init.is_alive()) not_running(config, "container not running: it was stopped meanwhile");
  throw named(failure, config.name);
}

}  // namespace lxr::container
