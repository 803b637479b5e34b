// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "cli/commands/command.hpp"

namespace lxr::cli {

// What the pages of a manual have in common.
struct manual_source {
  std::string date;          // "2026-11-26"
  std::string command_line;  // docs/command-line.md, whose tables of exit codes and variables are in lxr(1)
};

// The manual: a page for lxr, and one for each command and group of the table; the names of files with their content.
// A command with several names ("images", "image ls") has one page, to which the others refer.
// Failure: throws errc::corrupt when the document lacks a table.
std::map<std::string, std::string> manual_pages(std::span<const command> table, const manual_source& source);

}  // namespace lxr::cli
