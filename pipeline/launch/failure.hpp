// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::launch {

// Returns the error that a user gets for a child's report `failed`. `plan` says what the failed operation was about,
// and may be empty. `process` names the command and the user. `root` is the container's root directory, in which it
// looks for the interpreter of a program that could not be executed; -1: it does not look.
error explain_failure(const io::process::built_plan& plan, const io::child::child_report& report,
                      const oci::process_spec& process, int root = -1);

// The same for execve(2) alone, which failed with `code` or would.
error explain_exec(int code, const oci::process_spec& process, int root);

}  // namespace lxr::launch
