// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/flags/flag_set.hpp"

namespace lxr::cli {

// What --help prints of a command. `commands`: a section that stands before the options; may be empty.
std::string help_text(const flag_set& app, const std::string& commands = {});

// "  NAME      help": a row of help; the help stands on the next line when the name is too wide for `column`.
std::string help_row(const std::string& name, const std::string& help, std::size_t column);

}  // namespace lxr::cli
