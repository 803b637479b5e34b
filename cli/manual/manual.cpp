// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/manual.hpp"

#include <limits>
#include <utility>
#include <vector>

#include "cli/flags/global_flags.hpp"
#include "cli/manual/markdown_table.hpp"
#include "cli/manual/page.hpp"

namespace lxr::cli {
namespace {

// "image rm" as "lxr-image-rm".
std::string page_name(std::string name) {
  for (char& c : name) {
    if (c == ' ') c = '-';
  }
  return name.empty() ? "lxr" : "lxr-" + name;
}

std::string reference(const std::string& page) { return typed(page) + "(1)"; }

std::string tag_of(const flag_set::flag& f) {
  std::string tag;
  for (const std::string& name : f.names()) tag += (tag.empty() ? "" : ", ") + typed(name);
  return f.is_boolean() ? tag : tag + " " + value(f.placeholder());
}

std::string text_of(const flag_set::flag& f) {
  std::string text = f.help() + ".";
  if (f.is_number()) {
    const bool bounded = f.highest() < std::numeric_limits<int>::max();
    text +=
        " A number from " + std::to_string(f.lowest()) + (bounded ? " to " + std::to_string(f.highest()) : "") + ".";
  }
  return f.is_required() ? text + " Required." : text;
}

void add_options(manual_page& page, const flag_set& app) {
  page.section("OPTIONS");
  for (const flag_set::flag& f : app.flags()) page.item(tag_of(f), text_of(f));
}

void add_examples(manual_page& page, const flag_set& app) {
  if (app.examples().empty()) return;
  page.section("EXAMPLES");
  page.example(app.examples());
}

void add_commands(manual_page& page, const std::string& group, std::span<const command> table) {
  page.section("COMMANDS");
  for (const command& c : table)
    page.item(reference(page_name(group.empty() ? c.name : group + " " + c.name)), std::string(c.summary) + ".");
}

void add_table(manual_page& page, const char* title, const std::string& document, const std::string& heading) {
  page.section(title);
  for (const std::vector<std::string>& row : table_below(document, heading)) {
    std::string tag = row.front();
    std::erase(tag, '`');
    const bool has_default = row.size() > 2 && !row[1].empty();
    page.item(typed(tag), row.back() + (has_default ? "; default: " + row[1] : "") + ".");
  }
}

// Makes the pages of all that it visits.
class manual_writer final : public declaration_visitor {
 public:
  manual_writer(std::span<const command> table, const manual_source& source) : source_(source) {
    write_program(table);
    visit_all("", table);
    for (const auto& [alias, page] : aliases_) pages_[alias + ".1"] = ".so man1/" + page + ".1\n";
  }
  std::map<std::string, std::string> take() { return std::move(pages_); }

  void visit(flag_set& app, const std::vector<std::string>&) override {
    const std::string page = page_name(app.name()), called = page_name(path_);
    if (page == called) {
      write(app);
    } else {
      aliases_[called] = page;
    }
  }

  void visit(const std::string& group, std::span<const command> table) override {
    manual_page page(page_name(group), summary_, source_.date);
    page.section("SYNOPSIS");
    page.usage("lxr " + group, "COMMAND [ARGUMENT ...]");
    add_commands(page, group, table);
    page.section("SEE ALSO");
    page.paragraph("`lxr`(1)");
    pages_[page_name(group) + ".1"] = page.text();
    visit_all(group + " ", table);
  }

 private:
  void visit_all(const std::string& before, std::span<const command> table) {
    for (const command& c : table) {
      path_ = before + c.name;
      summary_ = c.summary;
      c.run({{}, {}, {}, this});
    }
  }

  void write(const flag_set& app) {
    manual_page page(page_name(app.name()), summary_, source_.date);
    page.section("SYNOPSIS");
    page.usage(app.title(), app.synopsis());
    page.section("DESCRIPTION");
    page.paragraph(app.description());
    if (!app.arguments().empty()) page.section("ARGUMENTS");
    for (const flag_set::argument& a : app.arguments()) page.item(value(a.name), a.help + ".");
    add_options(page, app);
    add_examples(page, app);
    page.section("SEE ALSO");
    page.paragraph("`lxr`(1), for the flags before the command, exit status and environment");
    pages_[page_name(app.name()) + ".1"] = page.text();
  }

  void write_program(std::span<const command> table) {
    const global_flags global;
    manual_page page("lxr", "Fast containers from OCI images", source_.date);
    page.section("SYNOPSIS");
    page.usage("lxr", global.app.synopsis());
    page.section("DESCRIPTION");
    page.paragraph(
        "lxr pulls OCI images, lays them out on OverlayFS, wires a bridge network and starts isolated processes: one, "
        "or "
        "hundreds from one call. There is no daemon. All commands but `lxr version`, `lxr completion` and help need "
        "root.");
    page.paragraph(
        "Flags are read as docker's and podman's are. `lxr help COMMAND` and `lxr COMMAND --help` show the flags of a "
        "command.");
    add_commands(page, "", table);
    add_options(page, global.app);
    add_table(page, "EXIT STATUS", source_.command_line, "## Exit codes");
    add_table(page, "ENVIRONMENT", source_.command_line, "## Environment");
    page.section("FILES");
    page.item(typed(default_root), "Images and containers; survives a reboot.");
    page.item(typed(default_state), "State of what runs; in memory.");
    add_examples(page, global.app);
    page.section("SEE ALSO");
    page.paragraph("The documents in `share/doc/lxr`, beside this manual.");
    pages_["lxr.1"] = page.text();
  }

  const manual_source& source_;
  std::map<std::string, std::string> pages_, aliases_;
  std::string path_, summary_;  // of the row whose command is visited
};

}  // namespace

std::map<std::string, std::string> manual_pages(std::span<const command> table, const manual_source& source) {
  return manual_writer(table, source).take();
}

}  // namespace lxr::cli
