// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/lifecycle.hpp"

namespace lxr::cli {

// Adds the flags about a container's end and its labels. They set `options` while they are parsed; it must live until
// then.
void add_lifecycle_flags(flag_set& app, lifecycle_options& options);

}  // namespace lxr::cli
