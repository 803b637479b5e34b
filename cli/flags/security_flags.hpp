// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/security.hpp"

namespace lxr::cli {

// Adds the flags about what a container's processes may do. They set `options` while they are parsed; it must live
// until then. A seccomp profile is read from its file while --security-opt is parsed.
void add_security_flags(flag_set& app, security_options& options);

}  // namespace lxr::cli
