// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"
#include "cli/flags/suggestion.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

[[noreturn]] void refuse_unknown(const std::string& name, const std::string& title, std::span<const command> table) {
  std::vector<std::string> known;
  for (const command& c : table) known.emplace_back(c.name);
  const std::string near = nearest(name, known);
  const std::string hint = near.empty() ? "" : "did you mean " + title + " " + near + "? ";
  throw error(errc::invalid_argument, "use " + title, "", "unknown command: " + name,
              hint + "see " + title + " --help");
}

void print_group_help(const std::string& title, std::span<const command> table) {
  std::string text = "Usage: " + title + " COMMAND [ARGUMENT ...]\n\nCommands:\n";
  for (const command& c : table)
    text += "  " + std::string(c.name) + std::string(10 - std::string_view(c.name).size(), ' ') + c.summary + "\n";
  print_text(text);
}

}  // namespace

int dispatch(const invocation& call, const std::string& group, std::span<const command> table) {
  const std::string title = group.empty() ? "lxr" : "lxr " + group;
  if (call.words.empty() || call.words.front() == "--help" || call.words.front() == "-h") {
    print_group_help(title, table);
    return call.words.empty() ? tool_failed : 0;
  }
  const std::string& name = call.words.front();
  for (const command& c : table) {
    if (name == c.name) return c.run({call.root, call.state, {call.words.begin() + 1, call.words.end()}});
  }
  refuse_unknown(name, title, table);
}

std::optional<int> parse(flag_set& app, const invocation& call) {
  app.parse(call.words);
  if (!app.wants_help()) return std::nullopt;
  print_text(app.help());
  return 0;
}

}  // namespace lxr::cli
