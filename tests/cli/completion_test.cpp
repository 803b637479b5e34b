// SPDX-License-Identifier: Apache-2.0
#include "cli/complete/completion.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "cli/complete/known_values.hpp"
#include "core/base/error.hpp"
#include "core/model/container_state.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr::cli {
namespace {

using words = std::vector<std::string>;

words names_of(const std::vector<candidate>& candidates) {
  words out;
  for (const candidate& c : candidates) out.push_back(c.word);
  return out;
}

// Offers the source that it is asked for, as "running", "image", ...
std::vector<candidate> sources(value_source source, const std::string&, const std::string&, const std::string&) {
  switch (source) {
    case value_source::containers:
      return {{"any", ""}};
    case value_source::running_containers:
      return {{"running", ""}, {"web", ""}};
    case value_source::startable_containers:
      return {{"startable", ""}};
    case value_source::images:
      return {{"image:1", ""}, {"golang:1.22", ""}};
    case value_source::containers_and_images:
      return {{"object", ""}};
    case value_source::networks:
      return {{"bridge", ""}, {"none", ""}};
    default:
      return {};
  }
}

words complete_to(const words& line) { return names_of(complete(line, sources).candidates); }
bool offers(const words& line, const std::string& word) {
  const words all = complete_to(line);
  return std::ranges::find(all, word) != all.end();
}

TEST(completion, offers_commands_and_groups) {
  EXPECT_EQ(complete_to({"ru"}), words{"run"});
  EXPECT_EQ(complete_to({"--root", "/x", "--state=/y", "ru"}), words{"run"});
  EXPECT_EQ(complete_to({"image", "in"}), words{"inspect"});
  EXPECT_EQ(complete_to({"system", ""}).front(), "df");
  EXPECT_TRUE(offers({}, "help"));
  EXPECT_FALSE(offers({""}, "__complete"));
  EXPECT_EQ(complete_to({"nothing"}), words{});
  EXPECT_THROW(complete({"nothing", ""}, sources), error);
}

TEST(completion, after_help_offers_names_of_commands_alone) {
  EXPECT_EQ(complete_to({"help", "ru"}), words{"run"});
  EXPECT_EQ(complete_to({"help", "system", "ch"}), words{"check"});
  EXPECT_EQ(complete_to({"help", "rm", ""}), words{});
  EXPECT_FALSE(offers({"help", ""}, "help"));
}

TEST(completion, offers_flags_where_they_may_stand) {
  EXPECT_EQ(complete_to({"run", "--netw"}), (words{"--network", "--network-alias"}));
  EXPECT_EQ(complete_to({"ps", "-"}), (words{"--help", "-a", "--all", "-q", "--quiet", "--no-trunc", "--format"}));
  EXPECT_EQ(complete_to({"--st"}), words{"--state"});
  EXPECT_EQ(complete_to({"image", "--h"}), words{"--help"});
  EXPECT_EQ(complete_to({"run", "image", "--netw"}), words{}) << "the image's command follows";
  EXPECT_EQ(complete_to({"rm", "a", "--for"}), words{"--force"});
  EXPECT_EQ(complete_to({"rm", "--", "--for"}), words{});
}

TEST(completion, offers_the_values_of_a_flag_in_every_form) {
  EXPECT_EQ(complete_to({"run", "--network", "n"}), words{"none"});
  EXPECT_EQ(complete_to({"run", "--network=n"}), words{"--network=none"});
  EXPECT_EQ(complete_to({"run", "--net", ""}), (words{"bridge", "none"}));
  EXPECT_EQ(complete_to({"run", "--pull", ""}), (words{"missing", "always", "never"}));
  EXPECT_EQ(complete_to({"run", "--pull=al"}), words{"--pull=always"});
  EXPECT_EQ(complete_to({"ps", "--format", ""}), (words{"json", "table"}));
  EXPECT_EQ(complete_to({"run", "--rm="}), (words{"--rm=true", "--rm=false"}));
  EXPECT_EQ(complete_to({"run", "-ita", "std"}), (words{"stdin", "stdout", "stderr"}));
  EXPECT_EQ(complete_to({"run", "--name", ""}), words{});
  EXPECT_EQ(complete_to({"run", "--bogus="}), words{});
}

TEST(completion, leaves_files_to_the_shell) {
  EXPECT_EQ(complete({"run", "--trace", "a"}, sources).shell, value_source::files);
  EXPECT_EQ(complete({"run", "--env-file=a"}, sources).shell, value_source::files);
  EXPECT_EQ(complete({"--root", ""}, sources).shell, value_source::directories);
  EXPECT_EQ(complete({"run", ""}, sources).shell, value_source::none);
}

TEST(completion, offers_what_the_argument_of_each_command_may_be) {
  for (const char* command : {"exec", "stop", "kill"})
    EXPECT_EQ(complete_to({command, ""}), (words{"running", "web"})) << command;
  for (const char* command : {"rm", "logs"}) EXPECT_EQ(complete_to({command, ""}), words{"any"}) << command;
  for (const char* command : {"run", "create", "pull", "rmi", "history"})
    EXPECT_EQ(complete_to({command, "go"}), words{"golang:1.22"}) << command;
  EXPECT_EQ(complete_to({"batch", "-n", "2", "i"}), words{"image:1"});
  EXPECT_EQ(complete_to({"start", "-a", ""}), words{"startable"});
  EXPECT_EQ(complete_to({"inspect", ""}), words{"object"});
  EXPECT_EQ(complete_to({"exec", "-it", "web", ""}), words{}) << "a command of the container";
  EXPECT_EQ(complete_to({"logs", "any", ""}), words{}) << "it takes one";
  EXPECT_EQ(complete_to({"stop", "web", ""}), words{"running"}) << "not the same again";
}

TEST(completion, hands_on_the_directories_of_the_line) {
  std::string seen;
  const auto note = [&seen](value_source, const std::string& typed, const std::string& root, const std::string& state) {
    seen = root + " " + state + " " + typed;
    return std::vector<candidate>();
  };
  complete({"--root=/r", "--state", "/s", "exec", "we"}, note);
  EXPECT_EQ(seen, "/r /s we");
}

TEST(completion, leaves_out_what_a_shell_or_terminal_could_obey) {
  const auto odd = [](value_source, const std::string&, const std::string&, const std::string&) {
    std::vector<candidate> out;
    for (const char* word : {"$(reboot)", "a b", "a;b", "a\tb", "a\nb", "a\x1b[2J", "\xff", "'a", "`a`", "", "fine"})
      out.push_back({word, ""});
    return out;
  };
  EXPECT_EQ(names_of(complete({"exec", ""}, odd).candidates), words{"fine"});
}

struct instance_values : test::state_fixture {
  words list(value_source source, const std::string& typed) {
    words out = names_of(known_values(source, typed, where.root(), where.state()));
    std::ranges::sort(out);
    return out;
  }
};

TEST_F(instance_values, are_containers_by_status) {
  make_container("idle");
  container_state running;
  running.status = container_status::running;
  running.init = identify(::getpid());
  running.name = "busy";
  save(where, make_container("busy"), running);
  EXPECT_EQ(list(value_source::containers, ""), (words{"busy", "idle"}));
  EXPECT_EQ(list(value_source::running_containers, ""), words{"busy"});
  EXPECT_EQ(list(value_source::startable_containers, ""), words{"idle"});
  EXPECT_EQ(list(value_source::containers, "i"), words{"idle"});
}

TEST_F(instance_values, have_ids_from_their_second_character_on) {
  const std::string id = make_container("zoo");  // its name begins no id
  EXPECT_EQ(list(value_source::containers, id.substr(0, 1)), words{});
  EXPECT_EQ(list(value_source::containers, id.substr(0, 2)), words{short_id(id)});
  EXPECT_EQ(list(value_source::containers, id.substr(0, 20)), words{id});
}

TEST_F(instance_values, leave_out_a_damaged_container_alone) {
  file::replace_at(where.root_fd(), "containers/" + make_container("odd") + "/config.json", "{");
  make_container("box");
  EXPECT_EQ(list(value_source::containers, ""), words{"box"});
}

TEST_F(instance_values, of_a_missing_instance_are_none_and_nothing_is_made) {
  const std::string root = dir.path() + "/other", foreign = dir.path() + "/foreign";
  file::make_directories(foreign + "/containers");  // docker's directory has one, too
  EXPECT_EQ(known_values(value_source::containers, "", foreign, where.state()).size(), 0u);
  EXPECT_NE(::access((foreign + "/layers").c_str(), F_OK), 0);
  EXPECT_EQ(known_values(value_source::containers, "", root, where.state()).size(), 0u);
  EXPECT_NE(::access(root.c_str(), F_OK), 0);
}

TEST(known_values, of_signals_and_variables_are_names) {
  ::setenv("LXR_COMPLETION_TEST", "value", 1);
  const auto has = [](value_source source, const std::string& word) {
    const words all = names_of(known_values(source, "", "/nowhere", "/nowhere"));
    return std::ranges::find(all, word) != all.end();
  };
  EXPECT_TRUE(has(value_source::signals, "HUP"));
  EXPECT_TRUE(has(value_source::variables, "LXR_COMPLETION_TEST"));
  EXPECT_TRUE(has(value_source::networks, "none"));
  ::unsetenv("LXR_COMPLETION_TEST");
}

}  // namespace
}  // namespace lxr::cli
