#pragma once

#include <map>
#include <optional>
#include <string>

namespace lxr::test {

// Everything that can be seen of a layer: a line for each name. Empty for an archive that was refused.
using description = std::optional<std::map<std::string, std::string>>;

// A layer through the directory driver, and through the erofs driver (mounted; needs root).
description by_directories(const std::string& archive);
description by_erofs(const std::string& archive);

}  // namespace lxr::test
