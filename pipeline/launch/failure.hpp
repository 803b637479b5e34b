// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/error.hpp"
#include "core/oci/runtime_spec/types.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::launch {

// What the failure that a child reported means to a user. `root` is the container's root directory, to look at a
// program that could not be executed (-1: not at hand).
error explain_failure(const io::process::built_plan& plan, const io::child::child_report& report,
                      const oci::process_spec& process, int root = -1);

}  // namespace lxr::launch
