// SPDX-License-Identifier: Apache-2.0
// Issue 11, 3.4 and security case 68: every flag of every command takes the words that Go's pflag gives it, and no
// other.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "cli/commands/command.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

using words = std::vector<std::string>;

struct declared {
  std::string command;  // its title
  words names;
  bool boolean, number;
  words choices;
  std::int64_t lowest, highest;
};

// What parse() below does with the next command: notes what it declares, or reads words and notes what came of them.
struct {
  std::vector<declared>* collect = nullptr;
  std::string title, flag;
  words line;
  words given, arguments;
  std::string refusal, refused_value;
  bool ran = false;
} probe;

void run_every_command() {
  for (const command& c : all_commands()) EXPECT_EQ(c.run({"/nowhere", "/nowhere", {}}), 0) << c.name;
}

std::vector<declared> every_flag() {
  std::vector<declared> out;
  probe.collect = &out;
  run_every_command();
  probe.collect = nullptr;
  return out;
}

// What the flag was given, and the arguments, when its command reads `line`.
void read(const declared& f, const words& line) {
  probe.title = f.command;
  probe.flag = f.names.back();
  probe.line = line;
  probe.given = probe.arguments = {};
  probe.refusal = probe.refused_value = {};
  probe.ran = false;
  run_every_command();
  ASSERT_TRUE(probe.ran) << f.command;
}

words two_values(const declared& f) {
  static const std::map<std::string, words> of_a_kind{{"--memory", {"64m", "1g"}},      {"--cpus", {"1.5", "2"}},
                                                      {"--workdir", {"/a", "/b"}},      {"--hostname", {"a", "b"}},
                                                      {"--network", {"none", "host"}},  {"--net", {"none", "host"}},
                                                      {"--stop-signal", {"TERM", "9"}}, {"--umask", {"022", "0777"}}};
  if (const auto found = of_a_kind.find(f.names.back()); found != of_a_kind.end()) return found->second;
  if (f.number) return {std::to_string(f.lowest), std::to_string(f.highest)};
  if (!f.choices.empty()) return {f.choices[0], f.choices[1]};
  return {"a=1", "--b"};  // also what looks like a flag
}

std::string short_name(const declared& f) { return f.names.front().starts_with("--") ? "" : f.names.front(); }

void expect(const declared& f, const words& line, const words& given, const words& arguments) {
  read(f, line);
  std::string text = f.command;
  for (const std::string& word : line) text += " '" + word + "'";
  EXPECT_EQ(probe.given, given) << text << ": " << probe.refusal;
  EXPECT_EQ(probe.arguments, arguments) << text << ": " << probe.refusal;
}

// It is a value like any other, or refused as such; the word behind is never taken for it.
void expect_empty(const declared& f, const words& line) {
  read(f, line);
  if (probe.given == words{""}) {
    EXPECT_EQ(probe.arguments, words{"ARGUMENT"}) << f.command << " " << line.front();
  } else {
    EXPECT_EQ(probe.refused_value, "\"\"") << f.command << " " << line.front() << ": " << probe.refusal;
  }
}

TEST(every_flag, of_every_command_is_seen) {
  std::set<std::string> commands;
  for (const declared& f : every_flag()) commands.insert(f.command);
  for (const char* one :
       {"lxr run",          "lxr create",       "lxr start",   "lxr exec",          "lxr batch",       "lxr ps",
        "lxr inspect",      "lxr logs",         "lxr stop",    "lxr kill",          "lxr rm",          "lxr pull",
        "lxr images",       "lxr rmi",          "lxr history", "lxr image inspect", "lxr image prune", "lxr system df",
        "lxr system prune", "lxr system check", "lxr info",    "lxr version"}) {
    EXPECT_TRUE(commands.contains(one)) << one;
  }
}

TEST(every_flag, with_a_value_takes_exactly_it) {
  std::size_t seen = 0;
  for (const declared& f : every_flag()) {
    if (f.boolean) continue;
    ++seen;
    if (f.number) {
      EXPECT_LT(f.lowest, f.highest) << f.command << " " << f.names.back() << " has no range";
    }
    const words values = two_values(f);
    const std::string &a = values[0], &b = values[1];
    for (const std::string& name : f.names) {
      const bool is_long = name.starts_with("--");
      expect(f, {name, a, "ARGUMENT"}, {a}, {"ARGUMENT"});
      expect(f, {name + "=" + a, "ARGUMENT"}, {a}, {"ARGUMENT"});
      expect(f, {name, a, name + "=" + b, "ARGUMENT"}, {a, b}, {"ARGUMENT"});
      expect_empty(f, {name, "", "ARGUMENT"});
      if (is_long) expect_empty(f, {name + "=", "ARGUMENT"});
      if (!is_long) expect(f, {name + a, "ARGUMENT"}, {a}, {"ARGUMENT"});
      if (!is_long) expect(f, {"-" + name.substr(1) + b, "--", "ARGUMENT"}, {b}, {"ARGUMENT"});
      read(f, {name});
      EXPECT_NE(probe.refusal.find("flag needs an argument"), std::string::npos)
          << f.command << " " << name << ": " << probe.refusal;
    }
  }
  EXPECT_GT(seen, 60u);
}

TEST(every_flag, without_a_value_takes_one_only_behind_an_equals_sign) {
  std::size_t seen = 0;
  for (const declared& f : every_flag()) {
    if (!f.boolean || f.names.back() == "--help") continue;
    ++seen;
    for (const std::string& name : f.names) {
      const bool is_long = name.starts_with("--");
      expect(f, {name, "ARGUMENT"}, {"true"}, {"ARGUMENT"});
      expect(f, {name, "false", "ARGUMENT"}, {"true"}, {"false", "ARGUMENT"});
      expect(f, {name + "=false", "ARGUMENT"}, {"false"}, {"ARGUMENT"});
      expect(f, {name + "=T", name + "=0", "ARGUMENT"}, {"T", "0"}, {"ARGUMENT"});
      expect(f, {name, "--", "-x"}, {"true"}, {"-x"});
      if (is_long) expect_empty(f, {name + "=", "ARGUMENT"});
      read(f, {name + "=maybe", "ARGUMENT"});
      EXPECT_EQ(probe.refused_value, "\"maybe\"") << f.command << " " << name;
    }
  }
  EXPECT_GT(seen, 40u);
}

// "-itu root": flags without values and one with, in one word.
TEST(every_flag, with_one_letter_goes_into_a_cluster) {
  const std::vector<declared> all = every_flag();
  std::size_t seen = 0;
  for (const declared& last : all) {
    for (const declared& first : all) {
      if (first.command != last.command || !first.boolean || last.boolean || short_name(first).empty() ||
          short_name(last).empty())
        continue;
      ++seen;
      const std::string cluster = short_name(first) + short_name(last).substr(1), value = two_values(last).front();
      expect(last, {cluster, value, "ARGUMENT"}, {value}, {"ARGUMENT"});
      expect(last, {cluster + value, "ARGUMENT"}, {value}, {"ARGUMENT"});
      expect(first, {cluster + value, "ARGUMENT"}, {"true"}, {"ARGUMENT"});
    }
  }
  EXPECT_GT(seen, 20u);
}

// Behind the image or container everything is the command's.
TEST(every_flag, ends_at_the_image_where_a_command_follows) {
  for (const declared& f : every_flag()) {
    const bool ends = std::set<std::string>{"lxr run", "lxr create", "lxr batch", "lxr exec"}.contains(f.command);
    if (f.names.back() == "--help") continue;
    const std::string word = f.names.back() + "=" + (f.boolean ? "true" : two_values(f).front());
    expect(f, {"ARGUMENT", word}, ends ? words{} : words{word.substr(word.find('=') + 1)},
           ends ? words{"ARGUMENT", word} : words{"ARGUMENT"});
  }
}

}  // namespace

// In place of cli/commands/dispatch.cpp's, for every command of the program.
std::optional<int> parse(flag_set& app, const invocation&) {
  if (probe.collect != nullptr) {
    for (const auto& f : app.flags()) {
      probe.collect->push_back(
          {app.title(), f->names(), f->is_boolean(), f->is_number(), f->choices(), f->lowest(), f->highest()});
    }
    return 0;
  }
  if (app.title() != probe.title) return 0;
  probe.ran = true;
  try {
    app.parse(probe.line);
  } catch (const error& e) {
    probe.refusal = e.what();
    if (e.operation() == "use " + probe.flag) probe.refused_value = e.subject();
  }
  for (const auto& f : app.flags()) {
    if (f->name() == probe.flag) probe.given = f->given();
  }
  probe.arguments = app.remaining();
  return 0;
}

int dispatch(const invocation& call, const std::string&, std::span<const command> table) {
  for (const command& c : table) c.run(call);
  return 0;
}

}  // namespace lxr::cli
