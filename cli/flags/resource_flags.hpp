// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/resources.hpp"

namespace lxr::cli {

// Adds the flags about what a container may use. They set `options` while they are parsed; it must live until then.
void add_resource_flags(flag_set& app, resource_options& options);
// Checks values against each other. Throws errc::invalid_argument naming the flag to change.
void check_resources(const resource_options& options);

}  // namespace lxr::cli
