// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "io/cgroup/layout.hpp"
#include "pipeline/launch/context.hpp"
#include "pipeline/launch/further_process.hpp"
#include "pipeline/runtime/record.hpp"

// The operations of the OCI runtime (runtime.md, "Operations") on containers that are made of bundles. Callers are
// podman, containerd, docker and others, by the command line in cli/runtime. No process of lxr stays behind: a created
// container's first process waits in lxr-init for start(), and what runs is nobody's child but its caller's
// subreaper's. Runs on: the loop's strand of the context.  Cancel: terminal.
namespace lxr::runtime {

enum class status { creating, created, running, paused, stopped };
const char* to_word(status s);

// What a verb of one process works with.
struct context {
  launch::context& launching;
  std::string root;  // the directory of the containers' directories
  io::cgroup::layout cgroups;
};

struct create_options {
  std::string id, bundle = ".", config;  // config: a file in the place of the bundle's config.json
  std::string console_socket;            // where the terminal's master goes
  bool keeps_terminal = false;           // without that: the caller gets it
  std::string pid_file;
  std::string pidfd_socket;              // where a pidfd of the first process goes
  std::vector<std::string> further_env;  // KEY=value, of the process
  int preserved = 0;                     // number of the caller's descriptors, from 3 on, that the process gets too
  bool new_keyring = true;
  bool uses_cgroups = true;  // false: cgroup manager "disabled"
};

struct created_container {
  container_record kept;
  unique_fd terminal;  // with keeps_terminal: the pty's master
};
// A container that is created, or its failure: nothing is left then.
// Failure: throws lxr::error with the words that callers look for; errc::hook_failed for a hook that
//   fails, errc::timed_out for one that hangs.
task<created_container> create(context& on, create_options options);

// Starts a created container. Hooks startContainer run before, poststart after.
// Failure: as create(); the container's processes are killed, and it is stopped then.
task<void> start(context& on, std::string id);

struct container_state {
  container_record kept;
  runtime::status now = status::stopped;
  oci::annotations_map annotations;
};
// What the record means now: asks the kernel about its first process, start socket and cgroup.
container_state state_of(const context& on, const container_directory& directory);
container_state state_of(const context& on, const std::string& id);
// The specification's document (runtime.md, "State"), with what runc adds: rootfs, created, owner.
json::object state_document(const container_state& s);

// Kills what is in a container's cgroup and removes that; the group above it only where lxr has made it.
void remove_cgroup(const context& on, const container_record& kept) noexcept;

// Runs the hooks poststop of a container that is gone (runtime.md, "Lifecycle", 13).
// Failure: none; a hook that fails is reported as a message of the event sink, and the others still run.
task<void> run_poststop(context& on, container_state s, std::vector<oci::hook> hooks);

// Sends a signal to the first process; with `all`, and where the container has no pid namespace of its own, to all
// processes of its cgroup.
void kill(const context& on, const std::string& id, int signal, bool all);

// Removes a stopped or created container: what waits is killed, hooks poststop run. With `force` also a running one,
// and one that does not exist is no failure.
// Failure: throws errc::conflict for one that runs, errc::timed_out when its first process does not end within 10 s.
task<void> remove(context& on, std::string id, bool force);

// Stops and continues all processes.
void pause(const context& on, const std::string& id);
void resume(const context& on, const std::string& id);
void update(const context& on, const std::string& id, const oci::resources_spec& resources);
std::vector<pid_t> processes(const context& on, const std::string& id);

struct exec_options {
  oci::process_spec process;
  std::string console_socket, pid_file, pidfd_socket;
  int preserved = 0;  // as create_options::preserved
  bool ignore_paused = false;
};
// Starts a further process with the caller's standard streams, or a terminal whose master goes to console_socket or, if
// there is none, is returned.
// Failure: throws errc::conflict for a container that is stopped or paused, else as start_further_process().
task<launch::started_process> exec(context& on, std::string id, exec_options options);

// The process that the container was created with, for an exec without a process document.
oci::process_spec process_of(const context& on, const std::string& id);

}  // namespace lxr::runtime
