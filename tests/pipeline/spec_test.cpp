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
  EXPECT_FALSE(spec.process->no_new_privileges);
  EXPECT_EQ(spec.process->capabilities->bounding.bits >> 21 & 1, 0u);  // CAP_SYS_ADMIN
}

TEST(make_spec, memory_and_swap_are_twice_the_memory_unless_said) {
  container_config config;
  config.resources.memory = 1 << 20;
  EXPECT_EQ(make_surroundings(config).linux_part.resources.memory->swap, 2 << 20);
  config.resources.memory_swap = -1;
  EXPECT_EQ(make_surroundings(config).linux_part.resources.memory->swap, -1);
  EXPECT_FALSE(make_surroundings(container_config()).linux_part.resources.memory);
  EXPECT_FALSE(make_surroundings(container_config()).linux_part.resources.cpu);
  EXPECT_FALSE(make_surroundings(container_config()).linux_part.resources.block_io);
}

TEST(make_spec, capabilities_are_dropped_first_and_added_then) {
  oci::image_config image;
  image.cmd = {"x"};
  container_config config;
  config.security.cap_drop = {"ALL"};
  config.security.cap_add = {"CAP_CHOWN"};
  const auto sets = make_spec(config, image, nothing).process->capabilities.value();
  EXPECT_EQ(sets.bounding.bits, 1u);
  EXPECT_EQ(sets.effective.bits, 1u);
  EXPECT_EQ(sets.ambient.bits, 0u);
  config.process.user = "7";  // not root: what was asked for by name
  const auto of_user = make_spec(config, image, nothing).process->capabilities.value();
  EXPECT_EQ(of_user.effective.bits, 1u);
  EXPECT_EQ(of_user.ambient.bits, 1u);
  config.security.cap_drop = {"CAP_CHOWN"};
  config.security.cap_add = {};
  EXPECT_EQ(make_spec(config, image, nothing).process->capabilities->bounding.bits & 1, 0u);
}

TEST(make_spec, a_privileged_container_has_nothing_masked) {
  container_config config;
  config.security.privileged = true;
  const oci::runtime_spec spec = make_surroundings(config);
  EXPECT_TRUE(spec.linux_part.masked_paths.empty());
  EXPECT_TRUE(spec.linux_part.readonly_paths.empty());
  EXPECT_TRUE(spec.linux_part.resources.devices.empty());
  const auto sys = std::ranges::find(spec.mounts, "/sys", &oci::mount_spec::destination);
  EXPECT_EQ(std::ranges::count(sys->options, "ro"), 0);
}

TEST(make_spec, paths_are_unmasked_by_pattern_and_masked_by_name) {
  container_config config;
  config.security.unmask = {"/proc/ac*", "/proc/sys"};
  config.security.mask = {"/etc/secret"};
  const oci::linux_spec s = make_surroundings(config).linux_part;
  EXPECT_EQ(std::ranges::count(s.masked_paths, "/proc/acpi"), 0);
  EXPECT_EQ(std::ranges::count(s.masked_paths, "/proc/kcore"), 1);
  EXPECT_EQ(std::ranges::count(s.masked_paths, "/etc/secret"), 1);
  EXPECT_EQ(std::ranges::count(s.readonly_paths, "/proc/sys"), 0);
}

TEST(make_spec, mounts_come_in_the_order_of_their_depth_over_the_default_ones) {
  container_config config;
  config.storage.mounts = {{mount_kind::bind, "/src/deep", "/a/b/c", {"ro"}, false, false},
                           {mount_kind::volume, "data", "/a", {}, false, false},
                           {mount_kind::tmpfs, "", "/dev/shm", {"size=1k"}, false, false}};
  const oci::runtime_spec spec = make_surroundings(config);
  EXPECT_EQ(std::ranges::count(spec.mounts, "/dev/shm", &oci::mount_spec::destination), 1);
  const auto& last = spec.mounts.back();
  EXPECT_EQ(last.destination, "/a/b/c");
  EXPECT_EQ(last.options, (words{"rbind", "rprivate", "ro"}));
  EXPECT_EQ(spec.mounts[spec.mounts.size() - 3].source, "volumes/data/_data");
}

TEST(make_spec, namespaces_are_the_hosts_or_anothers_where_that_is_asked) {
  container_config config;
  config.namespaces.pid = "host";
  config.namespaces.uts = "container:abc";
  config.network.hostname = "me";
  const oci::runtime_spec spec = make_surroundings(config);
  EXPECT_FALSE(spec.linux_part.has(oci::namespace_kind::pid));
  EXPECT_EQ(spec.linux_part.find(oci::namespace_kind::uts)->path, "container:abc");
  EXPECT_EQ(spec.hostname, "");
}

TEST(make_spec, a_sysctl_of_no_namespace_of_its_own_is_refused) {
  container_config config;
  config.security.sysctl = {{"net.core.somaxconn", "5"}};
  EXPECT_EQ(make_surroundings(config).linux_part.sysctl.at("net.core.somaxconn"), "5");
  config.network.mode = network_mode::host;
  EXPECT_THROW(make_surroundings(config), error);
  config.security.sysctl = {{"kernel.panic", "5"}};
  EXPECT_THROW(make_surroundings(config), error);
}

TEST(make_spec, groups_limits_and_what_is_taken_out_of_the_environment) {
  oci::image_config image;
  image.cmd = {"x"};
  image.env = {"A=1", "B=2"};
  container_config config;
  config.process.groups = {"5", "disk"};
  config.process.unset_env = {"A"};
  config.security.ulimits = {{"nofile", 7, 8}, {"core", 0, 0}};
  const auto read = [](const std::string& path) {
    return path == "etc/group" ? std::optional<std::string>("disk:x:6:\n") : std::nullopt;
  };
  const oci::process_spec process = make_spec(config, image, read).process.value();
  EXPECT_EQ(process.user.additional_gids, (std::vector<std::uint32_t>{0, 5, 6}));
  EXPECT_FALSE(has_env(process.env, "A"));
  EXPECT_TRUE(has_env(process.env, "B"));
  ASSERT_EQ(process.rlimits.size(), 2u);
  EXPECT_EQ(process.rlimits[0].type, "RLIMIT_NOFILE");
  EXPECT_EQ(process.rlimits[0].soft, 7u);
  config.process.groups = {"nobody-knows"};
  EXPECT_THROW(make_spec(config, image, read), error);
}

TEST(add_image_volumes, leaves_what_is_mounted_there_already) {
  storage_options options;
  options.mounts = {{mount_kind::bind, "/src", "/data", {}, false, false}};
  add_image_volumes(options, {"/data/", "/cache", "/", "/../x"});
  ASSERT_EQ(options.mounts.size(), 3u);
  EXPECT_EQ(options.mounts[1].target, "/cache");
  EXPECT_TRUE(options.mounts[1].is_anonymous);
  EXPECT_EQ(options.mounts[2].target, "/x");
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
  kept.process->no_new_privileges = true;
  kept.linux_part.masked_paths.clear();
  oci::runtime_spec spec = make_surroundings(config);
  add_known_process(spec, kept, config);
  const oci::runtime_spec fresh = make_spec(config, image, nothing);
  EXPECT_EQ(spec.process->user.uid, 7u);
  EXPECT_EQ(spec.process->args, words{"x"});
  EXPECT_EQ(spec.process->rlimits.front().hard, fresh.process->rlimits.front().hard);
  EXPECT_EQ(spec.process->capabilities->bounding.bits, fresh.process->capabilities->bounding.bits);
  EXPECT_FALSE(spec.process->no_new_privileges);
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
