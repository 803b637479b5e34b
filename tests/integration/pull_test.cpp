// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <list>
#include <mutex>
#include <optional>
#include <random>

#include "tests/integration/support.hpp"
#include "tests/integration/trees.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

using pull = installation;

TEST_P(trees, the_small_image_is_what_umoci_makes_of_it) {
  must({"pull", "-q", small_});
  const outcome single = run_program({"/bin/bash", "-c", "test \"$(ls " + root_ + "/layers | wc -l)\" = 3"});
  EXPECT_EQ(single.code, 0);
  compare(fixture_ + "/small", "small", small_);
  if (std::string(GetParam()) == "erofs") {
    EXPECT_EQ(check_indexes(), 4u);
  }
}

TEST_P(trees, the_golang_image_is_what_umoci_makes_of_it_and_go_runs) {
  const std::string golang = registry() + "/golang:latest";
  must({"pull", "-q", golang});
  compare(fixture_ + "/golang", "golang", golang);
  if (std::string(GetParam()) == "erofs") {
    EXPECT_EQ(check_indexes(), 5u);
  }
  must({"create", "--name", "goCon", golang, "sleep", "1000"});
  must({"start", "goCon"});
  EXPECT_TRUE(must({"exec", "goCon", "go", "version"}).starts_with("go version go1."));
}

INSTANTIATE_TEST_SUITE_P(through, trees, testing::Values("directories", "erofs"),
                         [](const auto& driver) { return std::string(driver.param); });

std::vector<std::string> children_of(pid_t pid) {
  std::vector<std::string> out;
  std::ifstream list("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  for (std::string child; list >> child;) out.push_back(child);
  return out;
}

// A moment of a pull, and a signal nobody can handle. Whatever it hits: nothing half-made is ever seen, the next pull
// has it all, and a check finds nothing wrong.
TEST_F(pull, killed_at_any_moment_it_leaves_only_what_the_next_one_sweeps) {
  registry_imposter server;
  std::string noise(6 << 20, '\0');
  std::uint32_t seed = 1;
  for (char& c : noise) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  std::vector<registry_imposter::layer> layers;
  for (int i = 0; i < 4; ++i) {
    noise[0] = static_cast<char>(i);
    tar_builder b;  // with a parent that only the lowest names: trees get a layer on top
    if (i == 0) b.directory("run", 0711);
    const std::string tar = b.file("run/f" + std::to_string(i), noise).finish();
    layers.push_back({gzip(tar), sha256_of(tar)});
  }
  server.publish_image("app", layers);
  const auto is_named = [&] { return !file::list_at(AT_FDCWD, root_ + "/refs").empty(); };
  unsigned whole = 0;  // spins that a pull takes
  {
    process one(command({"pull", "-q", server.host() + "/app"}), environment());
    for (; !is_named(); ++whole) run_program({"/bin/true"});
  }
  must({"system", "prune", "-af"});
  std::mt19937 dice(7);
  int hits = 0;  // of a pull in progress
  for (int round = 0; round < 16; ++round) {
    set_variable("LXR_STORE_DRIVER", round % 2 == 0 ? "erofs" : "directories");
    {
      process one(command({"pull", "-q", server.host() + "/app"}), environment());
      // Between nothing and a little more than a whole pull: a place in its work, which its speed decides.
      for (unsigned spins = dice() % (whole + 2); spins > 0 && !is_named(); --spins) run_program({"/bin/true"});
      for (const std::string& pid : children_of(one.pid())) ::kill(std::stoi(pid), SIGKILL);
    }  // and the parent
    if (!file::list_at(AT_FDCWD, root_ + "/ingest").empty()) ++hits;
    const outcome check = lxr({"system", "check"});
    EXPECT_EQ(check.code, 0) << check.out << check.err;
    if (round % 4 == 3 || is_named()) {
      must({"pull", "-q", server.host() + "/app"});
      EXPECT_EQ(lxr({"run", "--rm", "--network", "none", server.host() + "/app", "/none"}).code, 127);
      must({"system", "prune", "-af"});
    }
  }
  EXPECT_GT(hits, 2) << "a pull took " << whole << " spins";
  must({"pull", "-q", server.host() + "/app"});
  EXPECT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, root_ + "/ingest").empty(); }));
}

TEST_F(pull, layers_of_one_driver_stay_usable_with_the_other) {
  set_variable("LXR_STORE_DRIVER", "erofs");
  must({"pull", "-q", small_});
  set_variable("LXR_STORE_DRIVER", "directories");
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "cat", "/data/a-link"}), "a\n");
  must({"run", "-d", "--name", "writer", "--network", "none", small_, "sh", "-c",
        "echo more >>/etc/image; rm /data/b; sleep 1000"});
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "writer", "cat", "/etc/image"}).out == "small\nmore\n"; }));
  set_variable("LXR_STORE_DRIVER", "tape");
  const outcome o = lxr({"pull", "-q", registry() + "/small:zstd"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("LXR_STORE_DRIVER is directories or erofs"), std::string::npos) << o.err;
}

TEST_F(pull, every_form_of_the_image_gives_the_same_layers) {
  for (const char* tag : {"latest", "zstd", "none", "multi", "v2s2", "v2s2-multi"}) {
    must({"pull", "-q", registry() + "/small:" + tag});
    EXPECT_EQ(file::list_at(AT_FDCWD, root_ + "/layers").size(), 3u) << tag;
  }
  must({"pull", "-q", "oci:" + std::string(LXR_BINARY_DIR) + "/fixture/small:small-config"});
  EXPECT_EQ(must({"run", "--rm", "oci:" + std::string(LXR_BINARY_DIR) + "/fixture/small:small-config"}),
            "hello world\n");
  EXPECT_EQ(must({"images", "-q"}).size(), 7u * 13);
}

TEST_F(pull, threads_do_what_io_uring_does) {
  std::vector<std::string> env = environment();
  env.push_back("LXR_NO_URING=1");
  ASSERT_EQ(run_program(command({"pull", "-q", small_}), {}, env).code, 0);
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "cat", "/etc/image"}), "small\n");
}

TEST_F(pull, a_killed_pull_leaves_nothing_half_made_and_the_next_one_sweeps) {
  registry_imposter slow;
  const std::string tar = tar_builder().file("a", std::string(8 << 20, 'a')).finish();
  const auto p = slow.publish(tar, gzip(tar));
  slow.on(p.layer_path, {.hang = true});
  {
    const process killed(command({"pull", slow.host() + "/app"}), environment());
    ASSERT_TRUE(eventually([&] { return !file::list_at(AT_FDCWD, root_ + "/ingest").empty(); }));
  }  // SIGKILL
  EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/layers").empty());
  EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/refs").empty());
  // lxr-image ends by itself when its peer is gone, and takes its directory along; if it could not, the next pull does.
  must({"pull", "-q", small_});
  EXPECT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, root_ + "/ingest").empty(); }));
}

TEST_F(pull, an_interrupted_pull_takes_back_what_it_made) {
  registry_imposter slow;
  const std::string tar = tar_builder().file("a", std::string(8 << 20, 'a')).finish();
  const auto p = slow.publish(tar, gzip(tar));
  slow.on(p.layer_path, {.hang = true});
  const auto ingest = [&] { return file::list_at(AT_FDCWD, root_ + "/ingest"); };
  for (const int number : {SIGTERM, SIGINT}) {
    process interrupted(
        command(number == SIGTERM ? std::vector<std::string>{"pull", slow.host() + "/app"}
                                  : std::vector<std::string>{"run", "--rm", slow.host() + "/app", "true"}),
        environment());
    ASSERT_TRUE(eventually([&] { return !ingest().empty(); }));
    ::kill(interrupted.pid(), number);
    EXPECT_EQ(interrupted.wait(), 128 + number);
    EXPECT_TRUE(eventually([&] { return ingest().empty(); })) << number;
  }
}

TEST_F(pull, what_needs_no_layer_is_made_while_layers_come) {
  registry_imposter server;
  const std::string tar = tar_builder().directory("etc").file("etc/x", "x").finish();
  const auto p = server.publish(tar, gzip(tar));
  bool waited_for = false;
  // The layer comes only once the container has an address: its state directory, its cgroup and its namespace are
  // there.
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    waited_for = eventually([&] {
      const auto ids = file::list_at(AT_FDCWD, root_ + "/containers");
      return ids.size() == 1 && file::list_at(AT_FDCWD, state_ + "/containers/" + ids[0]).size() >= 2 &&
             run_program({"/bin/bash", "-c", "ip -o link | grep -q 'lv" + ids[0].substr(0, 12) + "'"}).code == 0;
    });
    must({"system", "prune", "-af"});  // takes nothing from it, and is not kept from its work
    must({"system", "df"});
    return registry_imposter::answer{200, {}, gzip(tar)};
  });
  const outcome o = lxr({"run", "--rm", server.host() + "/app", "/no-such-program"});
  EXPECT_TRUE(waited_for);
  EXPECT_EQ(o.code, 127) << o.err;
}

TEST_F(pull, a_pull_that_fails_takes_the_waiting_container_along) {
  registry_imposter server;
  const std::string tar = tar_builder().directory("etc").file("etc/x", "x").finish();
  const auto p = server.publish(tar, gzip(tar));
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    EXPECT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, root_ + "/containers").size() == 1; }));
    return registry_imposter::answer{404, {}, ""};
  });
  const outcome o = lxr({"run", "--rm", "--name", "never", server.host() + "/app", "true"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("404"), std::string::npos) << o.err;
  EXPECT_EQ(must({"ps", "-aq"}), "");
  EXPECT_EQ(lxr({"inspect", "never"}).code, 1);
}

TEST_F(pull, an_image_for_another_architecture_is_refused_until_asked_for) {
  const outcome o = lxr({"run", "--rm", "--network", "none", "--arch", "arm64", small_, "true"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("amd64"), std::string::npos) << o.err;
}

// Whatever write it is that fails: of the tar, an index, a file of a tree, the config, a name.
TEST_F(pull, a_disk_that_is_full_at_any_point_is_named_and_the_space_comes_back) {
  registry_imposter server;
  std::string noise(3 << 20, '\0');
  std::uint32_t seed = 1;
  for (char& c : noise) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  tar_builder b;
  b.file("big", noise);
  for (int i = 0; i < 200; ++i)
    b.file("d" + std::to_string(i % 7) + "/small" + std::to_string(i), std::string(5000, 's'));
  const std::string base = tar_builder()
                               .directory("run", 0711)
                               .directory("var")
                               .add({.path = "var/run", .link = "/run", .type = '2'})
                               .finish();
  const std::string tar = b.file("var/run/app.pid", "1").finish();  // trees get a layer on top
  server.publish_image("app", {{gzip(base), sha256_of(base)}, {gzip(tar), sha256_of(tar)}});
  const std::string disk = dir_.path() + "/disk";
  file::make_directories(disk);
  const std::string script = "truncate -s \"$1\"k " + disk + ".img && mkfs.ext4 -q -m 0 -O ^has_journal " + disk +
                             ".img && mount -o loop " + disk + ".img " + disk + " || exit 9; " + program_path("lxr") +
                             " --root " + disk + "/root --state " + state_ + " pull " + server.host() +
                             "/app; code=$?; used=$(du -sk " + disk + "/root | cut -f1); echo code $code used $used";
  for (const char* driver : {"erofs", "directories"}) {
    set_variable("LXR_STORE_DRIVER", driver);
    int full = 0;
    for (int size = 300; size < 9000; size += size < 4000 ? 300 : 150) {
      const outcome o = run_program({"/usr/bin/unshare", "-m", "/bin/bash", "-c", script, "bash", std::to_string(size)},
                                    {}, environment());
      if (o.out.find("code 0") != std::string::npos) continue;
      ++full;
      EXPECT_NE(o.out.find("code 125"), std::string::npos) << size << o.out << o.err;
      EXPECT_NE(o.err.find("No space left on device"), std::string::npos) << size << o.err;
      const auto used = std::stoi(o.out.substr(o.out.find("used") + 5));
      EXPECT_LT(used, 100) << size << o.out;
    }
    EXPECT_GT(full, 10) << driver;
  }
}

// Issue 11, 2.2: also when each layer takes a moment, and when the first process dies in the middle of one.
TEST_F(pull, parallel_pulls_of_one_image_fetch_each_layer_once) {
  registry_imposter server;
  std::vector<registry_imposter::layer> layers;
  for (int i = 0; i < 3; ++i) {
    const std::string tar =
        tar_builder().file("f" + std::to_string(i), std::string(100'000, static_cast<char>('a' + i))).finish();
    layers.push_back({gzip(tar), sha256_of(tar)});
  }
  for (const char* driver : {"erofs", "directories"}) {
    set_variable("LXR_STORE_DRIVER", driver);
    server.publish_image("app", layers);
    std::map<std::string, int> asked;
    std::mutex m;
    for (const auto& l : layers) {
      server.on("/v2/app/blobs/" + sha256_of(l.blob), [&, l](const registry_imposter::request& r) {
        eventually([&] { return file::list_at(AT_FDCWD, root_ + "/ingest").size() >= 4; });  // all are at work
        const std::lock_guard lock(m);
        ++asked[r.path];
        return registry_imposter::answer{200, {}, l.blob};
      });
    }
    std::list<process> all;
    for (int i = 0; i < 4; ++i) all.emplace_back(command({"pull", "-q", server.host() + "/app"}), environment());
    for (process& one : all) EXPECT_EQ(one.wait(), 0);
    EXPECT_EQ(asked.size(), 3u);
    for (const auto& [path, times] : asked) EXPECT_EQ(times, 1) << path;
    must({"system", "prune", "-af"});
  }
}

TEST_F(pull, whoever_waits_for_a_pull_that_dies_fetches_itself) {
  registry_imposter server;
  const std::string tar = tar_builder().file("f", "x").finish();
  const auto p = server.publish(tar, gzip(tar));
  std::atomic<int> asked = 0;
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    return asked++ == 0 ? registry_imposter::answer{.hang = true} : registry_imposter::answer{200, {}, gzip(tar)};
  });
  set_variable("LXR_HTTP_TIMEOUT", "30");
  auto first = std::make_optional<process>(command({"pull", "-q", server.host() + "/app"}), environment());
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  const std::vector<std::string> image_programs = children_of(first->pid());
  process second(command({"pull", "-q", server.host() + "/app"}), environment());
  ASSERT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, root_ + "/ingest").size() == 2; }));
  EXPECT_EQ(asked, 1);
  first.reset();  // SIGKILL
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(asked, 2);
  for (const std::string& pid : image_programs)
    EXPECT_TRUE(eventually([&] { return ::kill(std::stoi(pid), 0) != 0; })) << pid;  // 2.10: it ends with its peer
}

// Issue 11, 2.10: also when its loop would not see the end of the channel, which somebody keeps open here.
TEST_F(pull, lxr_image_ends_when_its_peer_dies) {
  registry_imposter server;
  const std::string tar = tar_builder().file("f", "x").finish();
  const auto p = server.publish(tar, gzip(tar));
  std::atomic<bool> asked = false;
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    asked = true;
    return registry_imposter::answer{.hang = true};
  });
  set_variable("LXR_HTTP_TIMEOUT", "300");
  auto peer = std::make_optional<process>(command({"pull", "-q", server.host() + "/app"}), environment());
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  const std::vector<std::string> programs = children_of(peer->pid());
  ASSERT_EQ(programs.size(), 1u);
  const unique_fd of_peer(static_cast<int>(::syscall(SYS_pidfd_open, peer->pid(), 0)));
  std::vector<unique_fd> kept;
  for (const std::string& fd : file::list_at(AT_FDCWD, "/proc/" + std::to_string(peer->pid()) + "/fd")) {
    kept.emplace_back(static_cast<int>(::syscall(SYS_pidfd_getfd, of_peer.get(), std::stoi(fd), 0)));
  }
  peer.reset();  // SIGKILL
  EXPECT_TRUE(eventually([&] { return ::kill(std::stoi(programs[0]), 0) != 0; }));
  must({"pull", "-q", small_});  // sweeps
}

TEST_F(pull, a_registry_that_fails_for_a_moment_is_no_failure) {
  registry_imposter server;
  const std::string tar = tar_builder().directory("etc").finish();
  const auto p = server.publish(tar, gzip(tar));
  std::atomic<int> asked = 0;
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    return asked++ == 0 ? registry_imposter::answer{503, {}, ""} : registry_imposter::answer{200, {}, gzip(tar)};
  });
  const outcome o =
      lxr({"run", "--rm", "--network", "none", "--max-concurrent-downloads", "2", server.host() + "/app", "/none"});
  EXPECT_EQ(o.code, 127) << o.err;
  must({"system", "prune", "-af"});
  set_variable("LXR_HTTP_RETRIES", "0");
  asked = 0;
  const outcome once = lxr({"pull", server.host() + "/app"});
  EXPECT_EQ(once.code, 125);
  EXPECT_NE(once.err.find("503"), std::string::npos) << once.err;
  for (const char* bad : {"0", "17", "x"})
    EXPECT_NE(lxr({"pull", "--max-concurrent-downloads", bad, server.host() + "/app"}).code, 0) << bad;
}

// Issue 11, 2.10: what is no file in a layout does not hang anybody; names with slashes and colons are names.
TEST_F(pull, layouts_with_a_fifo_and_with_long_names) {
  const std::string layout = dir_.path() + "/layout", source = std::string(LXR_BINARY_DIR) + "/fixture/small";
  const std::string script = "cp -r " + source + "/. " + layout +
                             " && sed -i 's/\"small-config\"/\"docker.io\\/library\\/foo:1.2\"/' " + layout +
                             "/index.json";
  file::make_directories(layout);
  ASSERT_EQ(run_program({"/bin/bash", "-c", script}).code, 0);
  EXPECT_EQ(must({"run", "--rm", "--network", "none", "oci:" + layout + ":docker.io/library/foo:1.2"}),
            "hello world\n");
  EXPECT_NE(must({"images"}).find("docker.io/library/foo:1.2"), std::string::npos);
  EXPECT_NE(lxr({"pull", "oci:" + layout}).err.find("several images"), std::string::npos);
  must({"system", "prune", "-af"});
  ASSERT_EQ(
      run_program({"/bin/bash", "-c", "cd " + layout + "/blobs/sha256 && for b in *; do rm $b; mkfifo $b; done"}).code,
      0);
  const outcome o = lxr({"pull", "oci:" + layout + ":small"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("is not a regular file"), std::string::npos) << o.err;
}

TEST_F(pull, bad_registries_give_125_and_their_names) {
  registry_imposter server;
  server.on("/v2/app/manifests/latest", {500, {}, ""});
  const outcome broken = lxr({"run", server.host() + "/app", "true"});
  EXPECT_EQ(broken.code, 125);
  EXPECT_NE(broken.err.find("500"), std::string::npos) << broken.err;
  server.on("/v2/app/manifests/latest", {.hang = true});
  const outcome hanging = lxr({"run", server.host() + "/app", "true"});
  EXPECT_EQ(hanging.code, 125);
  EXPECT_NE(hanging.err.find(server.host()), std::string::npos) << hanging.err;
  EXPECT_EQ(lxr({"pull", "oci:/nonexistent"}).code, 125);
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

}  // namespace
}  // namespace lxr::test
