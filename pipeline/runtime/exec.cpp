// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "core/base/file.hpp"
#include "io/cgroup/group.hpp"
#include "io/seccomp/compile.hpp"
#include "pipeline/launch/namespaces.hpp"
#include "pipeline/runtime/console.hpp"
#include "pipeline/runtime/refusal.hpp"
#include "pipeline/runtime/runtime.hpp"

namespace lxr::runtime {

task<launch::started_process> exec(context& on, std::string id, exec_options options) {
  const container_directory directory = container_directory::look(on.root, id);
  const container_state s = state_of(on, directory);
  if (s.now == status::stopped) refuse("exec in", id, "container not running");
  if (s.now == status::paused && !options.ignore_paused) refuse("exec in", id, "container paused");
  const oci::runtime_spec spec = directory.load_spec();
  const unique_fd pidfd = s.kept.init.open();
  if (!pidfd) refuse("exec in", id, "container not running");
  const std::string root_path = "/proc/" + std::to_string(s.kept.init.pid) + "/root";
  const auto found = file::try_open_at(AT_FDCWD, root_path, O_PATH | O_DIRECTORY);
  if (!found || !s.kept.init.is_alive()) refuse("exec in", id, "container not running");  // it has ended meanwhile
  const unique_fd& root = *found;
  const auto group = io::cgroup::group::open(on.cgroups, s.kept.cgroup, s.kept.cgroup_trees);
  launch::further_inputs in;
  in.pidfd = pidfd.get();
  in.root = root.get();
  in.namespaces = launch::namespaces_of(spec.linux_part);
  if (!s.kept.cgroup.empty()) {
    in.cgroup = group.directory();
    for (const unique_fd& tasks : group.tasks()) in.cgroup_tasks.push_back(tasks.get());
  }
  in.own_memory = true;
  in.input = 0;
  in.output = 1;
  in.errors = 2;
  io::seccomp::filter filter;
  if (spec.linux_part.seccomp) {
    filter = io::seccomp::compile(*spec.linux_part.seccomp);
    in.process.seccomp = {filter.program, filter.flags};
  }
  in.process.keyring = "_ses." + id;
  in.process.personality = spec.linux_part.personality;
  auto starting = launch::start_further_process(on.launching, id, options.process, in);
  launch::started_process out = co_await std::move(starting);
  if (options.process.terminal && !options.console_socket.empty())
    send_console(options.console_socket, std::move(out.terminal));
  write_pid_file(options.pid_file, out.process.pid());
  co_return out;
}

}  // namespace lxr::runtime
