// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

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

enum class working_directory { made, required };  // a missing one is made, or an error
// Everything that makes the process the user's, and exec: descriptors, attributes, the program. `seccomp`: struct
// sock_filter each.
void add_process(io::process::plan_builder& plan, const oci::process_spec& process, std::string_view seccomp,
                 working_directory cwd);

// Where execvp(3) would look for the program of `process`.
std::vector<std::string> program_candidates(const oci::process_spec& process);

}  // namespace lxr::launch
