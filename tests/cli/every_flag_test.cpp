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
  std::string placeholder;
};

// Visits every command, of groups too.
class every_command : public declaration_visitor {
 public:
  using declaration_visitor::visit;
  void visit(const std::string&, std::span<const command> table) override {
    for (const command& c : table) EXPECT_EQ(c.run({"/nowhere", "/nowhere", {}, this}), 0) << c.name;
  }
};

std::vector<declared> every_flag() {
  class collector final : public every_command {
   public:
    using every_command::visit;
    void visit(flag_set& app, const words&) override {
      for (const flag_set::flag& f : app.flags())
        out.push_back({app.title(), f.names(), f.is_boolean(), f.is_number(), f.choices(), f.lowest(), f.highest(),
                       f.placeholder()});
    }
    std::vector<declared> out;
  } all;
  all.visit("", all_commands());
  return std::move(all.out);
}

// What a flag was given, and the arguments, when its command reads a line.
struct reading final : every_command {
  reading(const declared& f, words w) : title(f.command), flag(f.names.back()), line(std::move(w)) {}
  using every_command::visit;
  void visit(flag_set& app, const words&) override {
    if (app.title() != title) return;
    ran = true;
    given = arguments = {};
    try {
      app.parse(line);
    } catch (const error& e) {
      refusal = e.what();
      if (e.operation() == "use " + flag) refused_value = e.subject();
    }
    if (const flag_set::flag* f = app.find(flag)) given = f->given();
    arguments = app.remaining();
  }
  std::string title, flag;
  words line, given, arguments;
  std::string refusal, refused_value;
  bool ran = false;
};

reading read(const declared& f, const words& line) {
  reading r(f, line);
  r.visit("", all_commands());
  EXPECT_TRUE(r.ran) << f.command;
  return r;
}

words two_values(const declared& f) {
  static const std::map<std::string, words> of_a_kind{
      {"--memory", {"64m", "1g"}},
      {"--cpus", {"0.5", "1"}},
      {"--workdir", {"/a", "/b"}},
      {"--hostname", {"a", "b"}},
      {"--network-alias", {"a", "b"}},
      {"--egress", {"10.0.0.0/8", "example.org"}},
      {"--alias", {"a", "b"}},
      {"--network", {"none", "host"}},
      {"--net", {"none", "host"}},
      {"--ip", {"10.0.0.1", "10.0.0.2"}},
      {"--mac-address", {"02:00:00:00:00:01", "02-00-00-00-00-02"}},
      {"--publish", {"80", "127.0.0.1:8000-8001:80-81/udp"}},
      {"--expose", {"80", "80-90/udp"}},
      {"--add-host", {"a:10.0.0.1", "b=host-gateway"}},
      {"--dns", {"10.0.0.1", "::1"}},
      {"--opt", {"mtu=1400", "mtu=1500"}},
      {"--stop-signal", {"TERM", "9"}},
      {"--umask", {"022", "0777"}},
      {"--domainname", {"a", "b"}},
      {"--annotation", {"a=1", "b="}},
      {"--memory-reservation", {"64m", "1g"}},
      {"--memory-swap", {"-1", "1g"}},
      {"--memory-swappiness", {"0", "-1"}},
      {"--cpu-period", {"1000", "100000"}},
      {"--cpu-quota", {"-1", "5000"}},
      {"--cpuset-cpus", {"0", "0-1"}},
      {"--cpuset-mems", {"0", "0,1"}},
      {"--blkio-weight", {"10", "1000"}},
      {"--blkio-weight-device", {"/dev/a:10", "/dev/b:20"}},
      {"--device-read-bps", {"/dev/a:1m", "/dev/b:2"}},
      {"--device-write-bps", {"/dev/a:1m", "/dev/b:2"}},
      {"--device-read-iops", {"/dev/a:1", "/dev/b:2"}},
      {"--device-write-iops", {"/dev/a:1", "/dev/b:2"}},
      {"--cap-add", {"net_admin", "ALL"}},
      {"--cap-drop", {"CAP_CHOWN", "all"}},
      {"--security-opt", {"no-new-privileges", "seccomp=unconfined"}},
      {"--sysctl", {"net.a=1", "net.b="}},
      {"--ulimit", {"nofile=1:2", "core=-1"}},
      {"--pid", {"host", "container:a"}},
      {"--ipc", {"host", "container:a"}},
      {"--platform", {"linux/amd64", "arm64"}},
      {"--image-volume", {"tmpfs", "ignore"}},
      {"--volume-driver", {"local", "local"}},
      {"--label-file", {"/dev/null", "/dev/null"}},
      {"--tz", {"UTC", "local"}},
      {"--uts", {"host", "container:a"}},
      {"--userns", {"host", "auto:size=1024"}},
      {"--uidmap", {"0:1:10", "10:100:5"}},
      {"--gidmap", {"0:1:10", "10:100:5"}},
      {"--cgroupns", {"host", "private"}},
      {"--volume", {"/a:/b:ro", "name:/c"}},
      {"--mount", {"type=tmpfs,target=/a", "type=bind,source=/a,target=/b,readonly"}},
      {"--tmpfs", {"/run", "/run:size=1m"}},
      {"--shm-size", {"1m", "64m"}},
      {"--device", {"/dev/a", "/dev/a:/dev/b:r"}},
      {"--device-cgroup-rule", {"c 1:3 rwm", "a *:* r"}}};
  if (const auto found = of_a_kind.find(f.names.back()); found != of_a_kind.end()) return found->second;
  if (f.number) return {std::to_string(f.lowest), std::to_string(f.highest)};
  if (!f.choices.empty()) return {f.choices.front(), f.choices.back()};
  return {"a=1", "--b"};  // also what looks like a flag
}

std::string short_name(const declared& f) { return f.names.front().starts_with("--") ? "" : f.names.front(); }

void expect(const declared& f, const words& line, const words& given, const words& arguments) {
  const reading seen = read(f, line);
  std::string text = f.command;
  for (const std::string& word : line) text += " '" + word + "'";
  EXPECT_EQ(seen.given, given) << text << ": " << seen.refusal;
  EXPECT_EQ(seen.arguments, arguments) << text << ": " << seen.refusal;
}

// It is a value like any other, or refused as such; the word behind is never taken for it.
void expect_empty(const declared& f, const words& line) {
  const reading seen = read(f, line);
  if (seen.given == words{""}) {
    EXPECT_EQ(seen.arguments, words{"ARGUMENT"}) << f.command << " " << line.front();
  } else {
    EXPECT_EQ(seen.refused_value, "\"\"") << f.command << " " << line.front() << ": " << seen.refusal;
  }
}

TEST(every_flag, of_every_command_is_seen) {
  std::set<std::string> commands;
  for (const declared& f : every_flag()) commands.insert(f.command);
  for (const char* one : {"lxr run",         "lxr create",    "lxr start",        "lxr exec",
                          "lxr batch",       "lxr ps",        "lxr inspect",      "lxr logs",
                          "lxr stop",        "lxr kill",      "lxr rm",           "lxr pull",
                          "lxr images",      "lxr rmi",       "lxr history",      "lxr image inspect",
                          "lxr image prune", "lxr system df", "lxr system prune", "lxr system check",
                          "lxr info",        "lxr version",   "lxr port",         "lxr network create"}) {
    EXPECT_TRUE(commands.contains(one)) << one;
  }
}

TEST(every_flag, with_a_value_says_what_it_is) {
  for (const declared& f : every_flag()) {
    if (!f.boolean) {
      EXPECT_NE(f.placeholder, "TEXT") << f.command << " " << f.names.back();
    }
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
      const reading alone = read(f, {name});
      EXPECT_NE(alone.refusal.find("flag needs an argument"), std::string::npos)
          << f.command << " " << name << ": " << alone.refusal;
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
      EXPECT_EQ(read(f, {name + "=maybe", "ARGUMENT"}).refused_value, "\"maybe\"") << f.command << " " << name;
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
}  // namespace lxr::cli
