// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/spec.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "core/base/error.hpp"
#include "core/base/signals.hpp"
#include "pipeline/spec/environment.hpp"

namespace lxr::spec {
namespace {

using words = std::vector<std::string>;

TEST(command_line, entrypoint_and_command_after_dockers_rules) {
  oci::image_config image;
  image.entrypoint = {"/e"};
  image.cmd = {"c"};
  container_config config;
  EXPECT_EQ(command_line(config, image), (words{"/e", "c"}));
  config.process.command = {"x", "y"};
  EXPECT_EQ(command_line(config, image), (words{"/e", "x", "y"}));
  config.process.entrypoint = words{"/n"};
  EXPECT_EQ(command_line(config, image), (words{"/n", "x", "y"}));
  config.process.command.clear();
  EXPECT_EQ(command_line(config, image), (words{"/n"}));  // a new entrypoint drops the image's command
  config.process.entrypoint = words{};
  EXPECT_THROW(command_line(config, image), error);
  EXPECT_THROW(command_line(container_config(), oci::image_config()), error);
}

std::optional<std::string> nothing(const std::string&) { return std::nullopt; }

TEST(make_spec, the_environment_is_the_images_then_the_users) {
  oci::image_config image;
  image.cmd = {"x"};
  image.env = {"PATH=/image", "A=image", "broken"};
  container_config config;
  config.process.env = {"A=user", "HOME=/h"};
  config.network.hostname = "box";
  config.process.tty = true;
  const words env = make_spec(config, image, nothing).process->env;
  EXPECT_EQ(find_env(env, "PATH"), "/image");
  EXPECT_EQ(find_env(env, "A"), "user");
  EXPECT_EQ(find_env(env, "HOME"), "/h");
  EXPECT_EQ(find_env(env, "HOSTNAME"), "box");
  EXPECT_EQ(find_env(env, "TERM"), "xterm");
  EXPECT_EQ(std::ranges::count(env, "broken"), 0);
  config = container_config();
  EXPECT_EQ(find_env(make_spec(config, image, nothing).process->env, "HOME"), "/root");
}

// Issue 11, 1.20: HOME was there twice.
TEST(make_spec, an_empty_home_is_replaced_and_nothing_is_there_twice) {
  oci::image_config image;
  image.cmd = {"x"};
  image.env = {"A=1", "A=2", "HOME=/image"};
  container_config config;
  config.process.env = {"B=1", "HOME=/first", "B=2", "HOME="};
  const words env = make_spec(config, image, nothing).process->env;
  std::set<std::string> names;
  for (const std::string& e : env) EXPECT_TRUE(names.insert(e.substr(0, e.find('='))).second) << e;
  EXPECT_EQ(find_env(env, "HOME"), "/root");
  EXPECT_EQ(find_env(env, "A"), "2");
  EXPECT_EQ(find_env(env, "B"), "2");
}

TEST(make_spec, limits_working_directory_and_network) {
  oci::image_config image;
  image.cmd = {"x"};
  image.working_dir = "w";
  container_config config;
  config.resources.cpus = 1.5;
  config.resources.memory = 1 << 20;
  config.resources.pids_limit = -1;
  config.network.mode = network_mode::host;
  const auto spec = make_spec(config, image, nothing);
  EXPECT_EQ(spec.process->cwd, "/w");
  EXPECT_EQ(spec.linux_part.resources.cpu->quota, 150000);
  EXPECT_FALSE(spec.linux_part.resources.pids);
  EXPECT_FALSE(spec.linux_part.has(oci::namespace_kind::network));
  EXPECT_TRUE(spec.linux_part.sysctl.empty());
  EXPECT_TRUE(spec.process->no_new_privileges);
  EXPECT_EQ(spec.process->capabilities->bounding.bits >> 21 & 1, 0u);  // CAP_SYS_ADMIN
}

TEST(make_spec, the_umask_is_the_users_or_left_to_the_launch) {
  oci::image_config image;
  image.cmd = {"x"};
  container_config config;
  EXPECT_FALSE(make_spec(config, image, nothing).process->user.umask);
  config.process.umask = 0077;
  const oci::runtime_spec spec = make_spec(config, image, nothing);
  EXPECT_EQ(spec.process->user.umask, 0077u);
  EXPECT_EQ(make_process(spec, {.command = {"y"}}, nothing).user.umask, 0077u);  // also of what exec starts
}

TEST(make_process, is_the_first_one_but_for_what_is_asked) {
  oci::image_config image;
  image.cmd = {"x"};
  container_config config;
  config.process.tty = true;
  config.process.env = {"A=1"};
  oci::runtime_spec of = make_spec(config, image, nothing);
  of.process->capabilities->bounding.bits = 1;  // less than lxr's default
  const oci::process_spec other = make_process(of, {.command = {"y"}, .user = "1000"}, nothing);
  EXPECT_EQ(other.args, words{"y"});
  EXPECT_EQ(find_env(other.env, "HOME"), "/");
  EXPECT_FALSE(has_env(other.env, "TERM"));  // it came with the first one's terminal
  EXPECT_EQ(other.capabilities->bounding.bits, 1u);
  EXPECT_EQ(other.capabilities->effective.bits, 0u);
  EXPECT_EQ(make_process(of, {.command = {"y"}, .user = "0"}, nothing).capabilities->effective.bits, 1u);
  EXPECT_THROW(make_process(of, {.command = {""}}, nothing), error);
  config.process.env = {"TERM=xterm", "HOME=/h"};
  const oci::process_spec own =
      make_process(make_spec(config, image, nothing), {.command = {"y"}, .user = "1000"}, nothing);
  EXPECT_EQ(find_env(own.env, "TERM"), "xterm");
  EXPECT_EQ(find_env(own.env, "HOME"), "/h");
}

TEST(add_known_process, takes_what_the_image_decided_and_makes_the_rest_anew) {
  oci::image_config image;
  image.cmd = {"x"};
  image.user = "7";
  const container_config config;
  oci::runtime_spec kept = make_spec(config, image, nothing);
  kept.process->rlimits = {{"RLIMIT_NOFILE", 1, 1}};
  kept.process->capabilities->bounding.bits = ~std::uint64_t{0};
  kept.process->no_new_privileges = false;
  kept.linux_part.masked_paths.clear();
  oci::runtime_spec spec = make_surroundings(config);
  add_known_process(spec, kept, config);
  const oci::runtime_spec fresh = make_spec(config, image, nothing);
  EXPECT_EQ(spec.process->user.uid, 7u);
  EXPECT_EQ(spec.process->args, words{"x"});
  EXPECT_EQ(spec.process->rlimits.front().hard, fresh.process->rlimits.front().hard);
  EXPECT_EQ(spec.process->capabilities->bounding.bits, fresh.process->capabilities->bounding.bits);
  EXPECT_TRUE(spec.process->no_new_privileges);
  EXPECT_EQ(spec.linux_part.masked_paths, fresh.linux_part.masked_paths);
}

TEST(exec_candidates, the_path_in_order_and_words_with_a_slash_as_they_are) {
  EXPECT_EQ(exec_candidates("ls", "/a:/b::rel:/c"), (words{"/a/ls", "/b/ls", "/c/ls"}));
  EXPECT_EQ(exec_candidates("./ls", "/a"), (words{"./ls"}));
  EXPECT_EQ(exec_candidates("ls", ""), (words{"/ls"}));
}

TEST(parse_signal, names_numbers_and_real_time_ones) {
  EXPECT_EQ(parse_signal("", 15), 15);
  EXPECT_EQ(parse_signal("KILL", 15), 9);
  EXPECT_EQ(parse_signal("sigusr1", 15), SIGUSR1);
  EXPECT_EQ(parse_signal("9", 15), 9);
  EXPECT_EQ(parse_signal("RTMIN+3", 15), SIGRTMIN + 3);
  for (const char* bad : {"0", "99", "NOPE", "-1", "RTMIN+x", "RTMIN+99"})
    EXPECT_THROW(parse_signal(bad, 15), error) << bad;
}

}  // namespace
}  // namespace lxr::spec
