// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "cli/flags/flag_set.hpp"
#include "core/model/options/lifecycle.hpp"

namespace lxr::cli {

// Adds -l, --label, also for what is no container. It sets `labels` while it is parsed; they must live until then.
void add_label_flag(flag_set& app, std::map<std::string, std::string>& labels);
// Adds the flags about a container's end and its labels. They set `options` while they are parsed; it must live until
// then.
void add_lifecycle_flags(flag_set& app, lifecycle_options& options);

}  // namespace lxr::cli
