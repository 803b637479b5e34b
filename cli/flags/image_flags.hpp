// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/flags/flag_set.hpp"
#include "pipeline/engine/image_fetch.hpp"

namespace lxr::cli {

// Adds the flags about how a command finds or pulls the image it needs. They set `request` while they are parsed; it
// must live until then.
void add_image_flags(flag_set& app, engine::image_request& request);

}  // namespace lxr::cli
