// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/flags/flag_set.hpp"
#include "core/instance/paths.hpp"

namespace lxr::cli {

// What dispatch() passes to a command: the directories of the instance, and the words after the command's name.
struct invocation {
  std::string root, state;
  std::vector<std::string> words;

  // Opens the instance and, in the first command after a boot, puts its records in order (settle_after_boot()).
  // Throws errc::not_permitted when not root.
  [[nodiscard]] instance open() const;
};

// A command: a function in a file of its own, named in the table of cli/programs/command_table.cpp. Returns the exit
// code.
using command_function = int (*)(const invocation&);

// One row of a table of commands: `lxr NAME`, or `lxr GROUP NAME`.
struct command {
  const char* name;
  command_function run;
  const char* summary;
};
// Returns the table of lxr's commands.
std::span<const command> all_commands();

// Runs the command that the first word of the call names and returns its exit code. `group` names the table in help and
// errors: "image"; "" for lxr itself. Throws errc::invalid_argument for an unknown command.
int dispatch(const invocation& call, const std::string& group, std::span<const command> table);

// Prints the warning and asks whether to go on. Returns true for the answers "y", "Y" and "yes".
bool confirm(const std::string& warning);

// Parses the call's words. Returns nullopt; after --help prints the help and returns 0. Throws errc::invalid_argument.
std::optional<int> parse(flag_set& app, const invocation& call);

int cmd_batch(const invocation& call);
int cmd_create(const invocation& call);
int cmd_exec(const invocation& call);
int cmd_history(const invocation& call);
int cmd_image(const invocation& call);
int cmd_images(const invocation& call);
int cmd_info(const invocation& call);
int cmd_inspect(const invocation& call);
int cmd_kill(const invocation& call);
int cmd_logs(const invocation& call);
int cmd_ps(const invocation& call);
int cmd_pull(const invocation& call);
int cmd_rm(const invocation& call);
int cmd_rmi(const invocation& call);
int cmd_run(const invocation& call);
int cmd_start(const invocation& call);
int cmd_stop(const invocation& call);
int cmd_system(const invocation& call);
int cmd_version(const invocation& call);

}  // namespace lxr::cli
