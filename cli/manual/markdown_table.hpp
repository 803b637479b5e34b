// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::cli {

// Returns the rows of the first table below a heading ("## Exit codes") of a markdown document, without the two lines
// of its head. Cells are as they are written, without blanks around them; "\|" is a bar. Failure: throws errc::corrupt
// when there is no such heading, or no table before the next one.
std::vector<std::vector<std::string>> table_below(const std::string& document, const std::string& heading);

}  // namespace lxr::cli
