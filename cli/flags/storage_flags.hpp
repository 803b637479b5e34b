// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "core/model/options/storage.hpp"

namespace lxr::cli {

// Adds the flags about mounts and devices of a container. They set `options` while they are parsed; it must live until
// then.
void add_storage_flags(flag_set& app, storage_options& options);
// Checks the mounts against each other. Throws errc::invalid_argument.
void check_storage(const storage_options& options);

}  // namespace lxr::cli
