// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/network.hpp"

namespace lxr::cli {

// Adds the flags about a container's network. They set `options` while they are parsed; it must live until then.
void add_network_flags(flag_set& app, network_options& options);

}  // namespace lxr::cli
