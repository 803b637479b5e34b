// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/flags/flag_set.hpp"
#include "core/instance/paths.hpp"

namespace lxr::cli {

struct command;

// Is shown what commands declare, in place of their being run. Help, manual and completion are made of that.
// Borrows: what visit() gets lives until it returns.
class declaration_visitor {
 public:
  virtual ~declaration_visitor() = default;
  // A command, and the words it was called with; nothing has read them.
  virtual void visit(flag_set& app, const std::vector<std::string>& words) = 0;
  // A group of commands, such as "image", with its table.
  virtual void visit(const std::string& group, std::span<const command> table) = 0;
};

// What dispatch() passes to a command: the directories of the instance, and the words after the command's name.
struct invocation {
  std::string root, state;
  std::vector<std::string> words;
  declaration_visitor* visitor = nullptr;  // if there is one, the command only shows it what it declares

  // Opens the instance and, in the first command after a boot, puts its records in order (settle_after_boot()).
  // Throws errc::not_permitted when not root.
  [[nodiscard]] instance open() const;
};

// A command: a function in a file of its own, named in the table of cli/programs/command_table.cpp or of a group. It
// declares its flags, calls parse(), and returns at once when that says so. Returns the exit code.
using command_function = int (*)(const invocation&);

// One row of a table of commands: `lxr NAME`, or `lxr GROUP NAME`.
struct command {
  const char* name;
  command_function run;
  const char* summary;
};
// Returns the table of lxr's commands.
std::span<const command> all_commands();

// Returns the names and summaries of a table, as --help shows them: a section with the title "Commands".
std::string list_of(std::span<const command> table);

// Runs the command that the first word of the call names and returns its exit code. `group` names the table in help and
// errors: "image"; "" for lxr itself. Throws errc::invalid_argument for an unknown command.
// Shows the call's visitor the table when no command is named.
int dispatch(const invocation& call, const std::string& group, std::span<const command> table);

// Starts the resolver of the instance when it was killed while containers need it, with their monitors, which else do
// that. Where it cannot be started, a warning says why.
void restore_names(const instance& where);

// Prints the warning and asks whether to go on. Returns true for the answers "y", "Y" and "yes".
bool confirm(const std::string& warning);

// Parses the call's words. Returns nullopt when the command is to run; 0 when --help was asked for and is printed, or
// when the call's visitor was shown the flags. Throws errc::invalid_argument.
std::optional<int> parse(flag_set& app, const invocation& call);

// Answers the completion scripts (`lxr __complete WORD ...`, where the last word is the one that is typed): a candidate
// and its description, separated by a tab, in each line; then ":files" or ":directories" when the shell is to list
// these, else ":words". Prints nothing when the words are refused. Returns an exit code.
int answer_completion(const std::vector<std::string>& words) noexcept;

int cmd_batch(const invocation& call);
int cmd_completion(const invocation& call);
int cmd_create(const invocation& call);
int cmd_exec(const invocation& call);
int cmd_history(const invocation& call);
int cmd_image(const invocation& call);
int cmd_images(const invocation& call);
int cmd_info(const invocation& call);
int cmd_inspect(const invocation& call);
int cmd_kill(const invocation& call);
int cmd_logs(const invocation& call);
int cmd_network(const invocation& call);
int cmd_pause(const invocation& call);
int cmd_port(const invocation& call);
int cmd_ps(const invocation& call);
int cmd_pull(const invocation& call);
int cmd_rm(const invocation& call);
int cmd_rmi(const invocation& call);
int cmd_run(const invocation& call);
int cmd_start(const invocation& call);
int cmd_stop(const invocation& call);
int cmd_system(const invocation& call);
int cmd_unpause(const invocation& call);
int cmd_update(const invocation& call);
int cmd_version(const invocation& call);
int cmd_volume(const invocation& call);

}  // namespace lxr::cli
