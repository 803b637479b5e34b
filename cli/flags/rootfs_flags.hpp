// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/rootfs.hpp"

namespace lxr::cli {

// The flags about a container's files. They set `options` while they are parsed, which outlives that.
void add_rootfs_flags(flag_set& app, rootfs_options& options);

}  // namespace lxr::cli
