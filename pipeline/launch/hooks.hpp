// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "pipeline/launch/context.hpp"

namespace lxr::launch {

// Where the hooks of one kind run.
struct hook_place {
  const char* kind = "";         // "createRuntime": for errors
  int pidfd = -1;                // of a process in whose namespaces they run; -1: in the caller's
  std::uint32_t namespaces = 0;  // CLONE_NEW* of these
};

// Runs the hooks of one kind, one after the other, each with the container's state (runtime.md, "State", as JSON) as
// its standard input and with only the environment that its spec gives it (config.md, "POSIX-platform Hooks"). Runs on:
// the loop's strand. Failure: throws errc::hook_failed for the first one that cannot be started, ends with another code
// than 0, or does not
//   end within its timeout, which kills it; its last output is part of the error. The ones behind it are not run.
// Cancel: terminal; the hook is killed.
task<void> run_hooks(context& on, hook_place place, std::vector<oci::hook> hooks, std::string state);

// Whether hooks are to run before the root is entered: prestart, createRuntime, createContainer.
[[nodiscard]] bool has_hooks_before_root(const oci::hooks_spec& hooks);

}  // namespace lxr::launch
