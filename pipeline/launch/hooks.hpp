// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "pipeline/launch/context.hpp"
#include "pipeline/launch/further_process.hpp"

namespace lxr::launch {

// Where the hooks of one kind run.
struct hook_place {
  const char* kind = "";         // names the hooks in errors: "createRuntime"
  std::string directory;         // their working directory: the bundle
  int pidfd = -1;                // of a process whose namespaces they run in; -1: they run in the caller's
  std::uint32_t namespaces = 0;  // CLONE_NEW* of the namespaces to join
  // For hooks whose programs are the container's: they are further processes of it, with the rights of `process`.
  const oci::process_spec* process = nullptr;
  const further_inputs* inputs = nullptr;
};

// Runs the hooks of one kind, one after the other. Each gets the container's `state` (runtime.md, "State", as JSON) on
// standard input, and the environment of its spec, or the caller's where that has none (config.md, "POSIX-platform
// Hooks").
// Runs on: the loop's strand of the context.
// Failure: the first hook that fails ends the sequence:
//   - errc::hook_failed: it cannot be executed, or its exit code is not 0. In the second case the error quotes the last
//     1024 bytes of its output.
//   - errc::timed_out: it ran longer than its timeout. It is killed.
//   - what child_process::spawn() throws.
// Cancel: terminal; the hook is killed.
task<void> run_hooks(context& on, hook_place place, std::vector<oci::hook> hooks, std::string state);

// Returns true when there are hooks that run before the first process enters the root: prestart, createRuntime or
// createContainer.
[[nodiscard]] bool has_hooks_before_root(const oci::hooks_spec& hooks);

}  // namespace lxr::launch
