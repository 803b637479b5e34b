// SPDX-License-Identifier: Apache-2.0
// docs/compatibility.md says of each flag of docker's and podman's run whether lxr has it.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "cli/commands/command.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::cli {
namespace {

// Reads a line of words as `lxr run` does, and keeps its refusal.
struct reading final : declaration_visitor {
  explicit reading(std::vector<std::string> w) : line(std::move(w)) { cmd_run({"/nowhere", "/nowhere", {}, this}); }
  void visit(flag_set& app, const std::vector<std::string>&) override {
    for (const flag_set::flag& f : app.flags()) {
      for (const std::string& name : f.names()) names.insert(name);
    }
    try {
      app.parse(line);
    } catch (const error& e) {
      refusal = e.what();
    }
  }
  void visit(const std::string&, std::span<const command>) override {}
  std::vector<std::string> line;
  std::set<std::string> names;
  std::string refusal;
};

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> out;
  std::istringstream text(row.substr(1));
  for (std::string cell; std::getline(text, cell, '|');) {
    const auto begin = cell.find_first_not_of(" `"), end = cell.find_last_not_of(" `");
    out.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
  }
  return out;
}

TEST(compatibility, the_table_says_what_the_program_does) {
  const std::string path = std::string(LXR_SOURCE_DIR) + "/docs/compatibility.md";
  std::istringstream text(file::read_at(AT_FDCWD, path).value());
  const std::set<std::string> names = reading({}).names;
  std::set<std::string> told;
  for (std::string row; std::getline(text, row);) {
    if (!row.starts_with("| `--")) continue;
    const std::vector<std::string> cells = cells_of(row);
    const std::string& flag = cells.at(0);
    told.insert(flag);
    if (cells.at(2) == "yes") {
      EXPECT_TRUE(names.contains(flag)) << flag;
    } else {
      EXPECT_EQ(cells.at(2), "no") << flag;
      EXPECT_NE(reading({flag}).refusal.find("does not have the flag " + flag), std::string::npos) << flag;
    }
  }
  for (const std::string& name : names) {
    EXPECT_TRUE(!name.starts_with("--") || name == "--help" || told.contains(name)) << name << " is not in " << path;
  }
}

}  // namespace
}  // namespace lxr::cli
