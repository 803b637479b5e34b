// SPDX-License-Identifier: Apache-2.0
#include "io/mount/rooted.hpp"
#include "pipeline/runtime/console.hpp"
#include "pipeline/runtime/entry.hpp"
#include "pipeline/runtime/refusal.hpp"
#include "pipeline/spec/environment.hpp"

namespace lxr::runtime {

task<launch::started_process> exec(context& on, std::string id, exec_options options) {
  const container_directory directory = container_directory::look(on.root, id);
  const container_state s = state_of(on, directory);
  if (s.now == status::stopped) refuse("exec in", id, "container not running");
  if (s.now == status::paused && !options.ignore_paused) refuse("exec in", id, "container paused");
  const oci::runtime_spec spec = directory.load_spec();
  const container_entry entry(on, directory, s, spec, "exec in");
  spec::set_home(options.process,
                 [&entry](const std::string& path) { return io::mount::read_rooted(entry.root(), path); });
  launch::further_inputs inputs = entry.inputs();
  inputs.process.preserved = options.preserved;
  auto starting = launch::start_further_process(on.launching, id, options.process, std::move(inputs));
  launch::started_process out = co_await std::move(starting);
  if (options.process.terminal && !options.console_socket.empty())
    send_console(options.console_socket, std::move(out.terminal));
  write_pid_file(options.pid_file, out.process.pid());
  if (!options.pidfd_socket.empty()) send_console(options.pidfd_socket, io::process::open_pidfd(out.process.pid()));
  co_return out;
}

}  // namespace lxr::runtime
