// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"
#include "cli/flags/help_text.hpp"
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

}  // namespace

std::string list_of(std::span<const command> table) {
  constexpr std::size_t column = 14;
  std::string text = "Commands:\n";
  for (const command& c : table) text += help_row(c.name, c.summary, column);
  return text;
}

int dispatch(const invocation& call, const std::string& group, std::span<const command> table) {
  const std::string title = group.empty() ? "lxr" : "lxr " + group;
  if (call.words.empty() && call.visitor != nullptr) {
    call.visitor->visit(group, table);
    return 0;
  }
  if (call.words.empty() || call.words.front() == "--help" || call.words.front() == "-h") {
    print_text("Usage: " + title + " COMMAND [ARGUMENT ...]\n\n" + list_of(table));
    return call.words.empty() ? tool_failed : 0;
  }
  const std::string& name = call.words.front();
  for (const command& c : table) {
    if (name == c.name) return c.run({call.root, call.state, {call.words.begin() + 1, call.words.end()}, call.visitor});
  }
  refuse_unknown(name, title, table);
}

std::optional<int> parse(flag_set& app, const invocation& call) {
  if (call.visitor != nullptr) {
    call.visitor->visit(app, call.words);
    return 0;
  }
  app.parse(call.words);
  if (!app.wants_help()) return std::nullopt;
  print_text(help_text(app));
  return 0;
}

}  // namespace lxr::cli
