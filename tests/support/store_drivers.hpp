// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lxr::test {

// Everything that can be seen of a layer: a line for each name. Empty for an archive that was refused.
using description = std::optional<std::map<std::string, std::string>>;

// A layer through the directory driver, and through the erofs driver (mounted; needs root).
description by_directories(const std::string& archive);
description by_erofs(const std::string& archive);
// Layers over each other, lowest first, as a container sees them.
description image_by_directories(const std::vector<std::string>& archives);
description image_by_erofs(const std::vector<std::string>& archives);

}  // namespace lxr::test
