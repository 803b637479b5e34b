// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/rootfs.hpp"

namespace lxr::cli {

// Adds the flags about a container's files. They set `options` while they are parsed; it must live until then.
void add_rootfs_flags(flag_set& app, rootfs_options& options);

}  // namespace lxr::cli
