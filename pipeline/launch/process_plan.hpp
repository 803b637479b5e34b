// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"
#include "io/process/plan_builder.hpp"

// The last operations of a launch plan, for a container's first process and its further ones.
namespace lxr::launch {

// The child makes a pty and uses it as its standard streams. `devpts`: slot of the filesystem to make it in; -1:
// /dev/pts. `dev`: slot of the filesystem that gets a file `console` with the pty mounted on it; -1: none.
void add_terminal(io::process::plan_builder& plan, const oci::process_spec& process, io::child::slot devpts,
                  io::child::slot dev);

// The child executes lxr-init, so that nothing of lxr's own memory is left in it when it resolves paths of the
// container. With a listener it then waits for its start. The arguments are those of ops::become_init.
void add_init(io::process::plan_builder& plan, io::child::slot program, io::child::slot memory,
              io::child::slot listener);

// A seccomp filter (seccomp(2)). The program is borrowed until the plan is built.
struct filter_inputs {
  std::string_view program;  // struct sock_filter each; empty: none
  std::uint32_t flags = 0;   // SECCOMP_FILTER_FLAG_*
};
// What a process gets besides its process_spec.
struct process_inputs {
  filter_inputs seccomp;
  std::optional<oci::personality_spec> personality;
  std::string keyring;           // name of the session keyring to join or make; empty: it keeps that of its parent
  bool under_init = false;       // lxr-init stays as its parent (--init)
  bool makes_directory = false;  // true: makes a missing working directory; false: that is a failure
  int preserved = 0;             // number of lxr's descriptors, from 3 on, that become its own under the same numbers
  std::string program;           // path to execute; empty: what the process's first argument names
};
// The child becomes the user's process: closes descriptors, takes on its attributes, executes its program.
// Failure: throws errc::invalid_argument for an unknown resource limit, scheduler or I/O priority.
void add_process(io::process::plan_builder& plan, const oci::process_spec& process, const process_inputs& in);

// Returns the paths that execvp(3) would try for the command of `process`, with the PATH of its environment.
std::vector<std::string> program_candidates(const oci::process_spec& process);

}  // namespace lxr::launch
