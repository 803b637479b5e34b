// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/help_text.hpp"

namespace lxr::cli {
namespace {

constexpr std::size_t help_column = 30;

// "-e, --env KEY[=VALUE]"; long names stand below each other.
std::string label(const flag_set::flag& f) {
  const std::vector<std::string> names = f.names();
  std::string text = names.front().starts_with("--") ? "    " : "";
  for (const std::string& name : names) text += (&name == &names.front() ? "" : ", ") + name;
  return f.is_boolean() ? text : text + " " + f.placeholder();
}

}  // namespace

std::string help_row(const std::string& name, const std::string& help, std::size_t column) {
  std::string out = "  " + name;
  out += name.size() + 4 > column ? "\n" + std::string(column, ' ') : std::string(column - name.size() - 2, ' ');
  return out + help + "\n";
}

std::string help_text(const flag_set& app, const std::string& commands) {
  std::string out = app.description() + "\n\nUsage: " + app.title() + " " + app.synopsis() + "\n";
  if (!app.arguments().empty()) out += "\nArguments:\n";
  for (const flag_set::argument& a : app.arguments()) out += help_row(a.name, a.help, help_column);
  if (!commands.empty()) out += "\n" + commands;
  out += "\nOptions:\n";
  for (const flag_set::flag& f : app.flags())
    out += help_row(label(f), f.help() + (f.is_required() ? " (required)" : ""), help_column);
  if (app.examples().empty()) return out;
  out += app.examples().find('\n') == std::string::npos ? "\nExample:\n  " : "\nExamples:\n  ";
  for (const char c : app.examples()) out += c == '\n' ? "\n  " : std::string(1, c);
  return out + "\n";
}

}  // namespace lxr::cli
