// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/complete/completion.hpp"

namespace lxr::cli {

// A value_reader: what lxr knows. Values that are on disk are read without changing anything there: an instance whose
// directories are missing has none, and nothing is settled after a boot.
// Containers and images are offered by name, and by id from the second character on.
// Failure: leaves out containers and images whose records are damaged; throws lxr::error when the directories cannot be
//   read.
std::vector<candidate> known_values(value_source source, const std::string& typed, const std::string& root,
                                    const std::string& state);

}  // namespace lxr::cli
