// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/namespaces.hpp"

namespace lxr::cli {

// Adds the flags about which namespaces a container shares. They set `options` while they are parsed; it must live
// until then. "container:NAME" is kept as it is typed: container_finder finds the id.
void add_namespace_flags(flag_set& app, namespace_options& options);
// Completes the mappings of ids: those of groups are those of users when only one of them was given.
// Failure: throws errc::invalid_argument for flags that contradict each other.
void check_namespaces(namespace_options& options);

}  // namespace lxr::cli
