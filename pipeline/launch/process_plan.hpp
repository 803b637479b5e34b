// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/oci/runtime_spec/types.hpp"
#include "io/process/plan_builder.hpp"

// The parts of a launch plan that a container's first and its further processes have in common.
namespace lxr::launch {

// A terminal of the process's own as its standard streams. `devpts`, `dev`: filesystems that are not attached yet; -1:
// /dev/pts of the mount namespace, and no /dev/console.
void add_terminal(io::process::plan_builder& plan, const oci::process_spec& process, io::child::slot devpts,
                  io::child::slot dev);

// From here on nothing of lxr's own program is left in the process: what follows resolves paths of the container's.
// With a listener it waits there until it is started.
void add_init(io::process::plan_builder& plan, io::child::slot program, io::child::slot memory,
              io::child::slot listener);

// A seccomp filter. Borrowed.
struct filter_inputs {
  std::string_view program;  // struct sock_filter each; empty: none
  std::uint32_t flags = 0;   // SECCOMP_FILTER_FLAG_*
};
// What a process is given besides its part of the spec.
struct process_inputs {
  filter_inputs seccomp;
  std::optional<oci::personality_spec> personality;
  std::string keyring;           // the name of a session keyring of its own; empty: that of whoever starts it
  bool makes_directory = false;  // a missing working directory is made; else it is an error
};
// Everything that makes the process the user's, and exec: descriptors, attributes, the program.
void add_process(io::process::plan_builder& plan, const oci::process_spec& process, const process_inputs& in);

// Where execvp(3) would look for the program of `process`.
std::vector<std::string> program_candidates(const oci::process_spec& process);

}  // namespace lxr::launch
