// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "core/base/error.hpp"
#include "io/cgroup/devices.hpp"
#include "io/cgroup/files.hpp"
#include "io/cgroup/freezer.hpp"
#include "io/cgroup/group.hpp"
#include "io/cgroup/removal.hpp"
#include "io/cgroup/settings.hpp"
#include "io/cgroup/statistics.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::io::cgroup {
namespace {

namespace fs = std::filesystem;

oci::resources_spec resources(std::int64_t pids, std::int64_t memory = 0, std::int64_t quota = 0) {
  oci::resources_spec out;
  if (pids != 0) out.pids.emplace().limit = pids;
  if (memory != 0) {
    out.memory.emplace().limit = memory;
    out.memory->swap = memory;
  }
  if (quota != 0) out.cpu.emplace().quota = quota;
  return out;
}

std::string content(const std::string& path) { return read_file(path).value_or("missing"); }

std::string text_of(const std::vector<setting>& settings) {
  std::string out;
  for (const setting& s : settings) out += s.controller + " " + s.file + "=" + s.value + "\n";
  return out;
}

// A group of this host that goes away with the test, and processes that wait in it.
class on_this_host : public testing::Test {
 protected:
  ~on_this_host() override {
    cgroup::remove(here_, path_);
    for (const pid_t pid : children_) ::waitpid(pid, nullptr, 0);
  }
  pid_t wait_inside(const group& g) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      for (const unique_fd& tasks : g.tasks()) static_cast<void>(!::write(tasks.get(), "0", 1));
      if (here_.unified) write_file(g.paths().front() + "/cgroup.procs", "0");
      for (;;) ::pause();
    }
    children_.push_back(pid);
    while (processes_below(g.paths().front()).empty()) ::usleep(100);
    return pid;
  }
  const layout here_ = layout::detect();
  const std::string path_ = "lxr-unittest" + std::to_string(::getpid()) + "/box";
  std::vector<pid_t> children_;
};

TEST_F(on_this_host, limits_are_set_and_the_group_goes_away_again) {
  {
    const group g = group::create(here_, path_, resources(77, 64 << 20, 50000));
    EXPECT_EQ(content(here_.tree("pids") + "/" + path_ + "/pids.max"), "77\n");
    const std::string memory = here_.unified ? "/memory.max" : "/memory.limit_in_bytes";
    EXPECT_EQ(content(here_.tree("memory") + "/" + path_ + memory), "67108864\n");
    EXPECT_EQ(g.tasks().size(), here_.unified ? 0u : 3u);
    EXPECT_EQ(group::open(here_, path_).paths(), g.paths());
    EXPECT_EQ(group::open(here_, path_, g.trees()).paths(), g.paths());
    EXPECT_FALSE(g.had_oom_kill());
    EXPECT_TRUE(cgroup::remove(here_, path_, g.trees()));
  }
  EXPECT_FALSE(fs::exists(here_.tree("pids") + "/" + fs::path(path_).parent_path().string()));
  EXPECT_TRUE(cgroup::remove(here_, path_));  // idempotent
}

TEST_F(on_this_host, limits_change_while_it_runs_and_its_processes_come_along) {
  const group g = group::create(here_, path_, resources(77));
  wait_inside(g);
  const std::vector<std::string> trees = update(here_, path_, resources(12, 32 << 20));
  EXPECT_EQ(content(here_.tree("pids") + "/" + path_ + "/pids.max"), "12\n");
  EXPECT_EQ(processes_below(here_.tree("memory") + "/" + path_), children_);
  update(here_, path_, resources(0, 96 << 20));  // up, and memory and swap with it
  const std::string memory = here_.unified ? "/memory.max" : "/memory.limit_in_bytes";
  EXPECT_EQ(content(here_.tree("memory") + "/" + path_ + memory), std::to_string(96 << 20) + "\n");
  update(here_, path_, resources(-1));
  EXPECT_EQ(content(here_.tree("pids") + "/" + path_ + "/pids.max"), "max\n");
  if (!here_.unified) {
    EXPECT_EQ(trees, (std::vector<std::string>{"pids", "memory"}));
  }
}

TEST_F(on_this_host, a_value_the_kernel_refuses_is_named) {
  oci::resources_spec r;
  r.cpu.emplace().cpus = "4000-4001";
  try {
    group::create(here_, path_, r);
    FAIL();
  } catch (const error& e) {
    EXPECT_NE(std::string(e.what()).find("4000-4001"), std::string::npos) << e.what();
  }
  EXPECT_FALSE(fs::exists(here_.tree("cpuset") + "/" + path_));
}

TEST_F(on_this_host, processors_alone_make_a_cpuset_that_takes_processes) {
  oci::resources_spec r;
  r.cpu.emplace().cpus = "0";
  const group g = group::create(here_, path_, r);
  wait_inside(g);
  EXPECT_EQ(content(g.paths().front() + "/cpuset.cpus"), "0\n");
}

TEST_F(on_this_host, what_is_frozen_stands_still_thaws_and_can_be_killed) {
  const group g = group::create(here_, path_, resources(50));
  const pid_t inside = wait_inside(g);
  EXPECT_FALSE(is_frozen(here_, path_));
  freeze(here_, path_);
  EXPECT_TRUE(is_frozen(here_, path_));
  thaw(here_, path_);
  EXPECT_FALSE(is_frozen(here_, path_));
  ::kill(inside, SIGTERM);  // of v2 a signal that ends a process does so also while it is frozen
  int status = 0;
  EXPECT_EQ(::waitpid(inside, &status, 0), inside);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
  children_.clear();
  const pid_t second = wait_inside(g);
  freeze(here_, path_);
  cgroup::kill(here_, path_, SIGKILL);
  EXPECT_EQ(::waitpid(second, &status, 0), second);
  children_.clear();
}

TEST_F(on_this_host, an_empty_group_is_not_frozen) {
  const group g = group::create(here_, path_, resources(50));
  EXPECT_THROW(freeze(here_, path_), error);
}

TEST_F(on_this_host, statistics_count_what_is_there) {
  const group g = group::create(here_, path_, resources(50, 64 << 20, 100000));
  wait_inside(g);
  const statistics s = read_statistics(here_, path_);
  EXPECT_EQ(s.processes, 1u);
  EXPECT_EQ(s.processes_limit, 50u);
  EXPECT_EQ(s.memory_limit, std::uint64_t{64 << 20});
  EXPECT_EQ(read_statistics(here_, "lxr-nobody/here").processes, 0u);
}

// The kernel verifies and runs the program; in the v2 tree, which hybrid hosts have too.
TEST_F(on_this_host, a_device_program_allows_and_denies_by_the_last_rule_that_matches) {
  const std::string tree = here_.unified_tree();
  ASSERT_NE(tree, "") << "this host mounts no v2 tree";
  const std::string directory = tree + "/lxr-unittest-devices" + std::to_string(::getpid());
  ASSERT_EQ(::mkdir(directory.c_str(), 0755), 0);
  const unique_fd group(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // The exit code of a process in the group: bit 0 null for reading, 1 null for writing, 2 zero for reading.
  const auto opened = [&] {
    const pid_t pid = ::fork();
    if (pid == 0) {
      write_file(directory + "/cgroup.procs", "0");
      int mask = 0;
      if (::open("/dev/null", O_RDONLY) >= 0) mask |= 1;
      if (::open("/dev/null", O_WRONLY) >= 0) mask |= 2;
      if (::open("/dev/zero", O_RDONLY) >= 0) mask |= 4;
      ::_exit(mask);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
  };
  using rules = std::vector<oci::device_rule>;
  const oci::device_rule nothing{false, "a", "rwm", {}, {}}, null_read{true, "c", "r", 1, 3},
      all_memory{true, "c", "rwm", 1, {}}, no_zero{false, "c", "rwm", 1, 5}, no_writing{false, "a", "w", {}, {}};
  const std::pair<rules, int> cases[] = {{{}, 7},
                                         {{nothing}, 0},
                                         {{nothing, null_read}, 1},
                                         {{nothing, all_memory}, 7},
                                         {{nothing, all_memory, no_zero}, 3},
                                         {{nothing, all_memory, no_writing}, 5},
                                         {{null_read, nothing}, 0},
                                         {{no_writing}, 5}};
  for (const auto& [list, wanted] : cases) {
    attach_device_program(group.get(), list);
    EXPECT_EQ(opened(), wanted) << list.size() << " rules";
  }
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST(cgroup, a_missing_controller_is_named_and_nothing_is_left) {
  const test::temp_directory fake;  // v1 without any hierarchy
  try {
    group::create({false, fake.path()}, "lxr/box", resources(5));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::unsupported);
    EXPECT_NE(std::string(e.what()).find("pids"), std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(fake.path()));
}

// A directory that is no mounted hierarchy, as a container may have below /sys/fs/cgroup.
TEST(cgroup, a_plain_directory_is_no_controller) {
  const test::temp_directory fake;
  fs::create_directory(fake.path() + "/pids");
  EXPECT_THROW(group::create({false, fake.path()}, "lxr/box", resources(5)), error);
  EXPECT_TRUE(fs::is_empty(fake.path() + "/pids"));
}

TEST(cgroup, without_limits_version_1_makes_one_directory_where_there_are_cgroups) {
  const test::temp_directory fake;
  const group g = group::create({false, fake.path()}, "lxr/box", {});
  EXPECT_TRUE(g.tasks().empty());
  EXPECT_EQ(g.directory(), -1);
  EXPECT_TRUE(fs::is_empty(fake.path()));
  group::create({false, fake.path()}, "lxr/box", resources(-1));  // what every group has anyway
  EXPECT_TRUE(fs::is_empty(fake.path()));
  const layout here = layout::detect();
  if (here.unified) GTEST_SKIP() << "cgroup v2";
  const std::string path = "lxrtestnone" + std::to_string(::getpid()) + "/box";
  EXPECT_EQ(group::create(here, path, {}).trees(), std::vector<std::string>{"pids"});
  remove(here, path);
}

// Issue 11, 1.17.
TEST(cgroup, parents_of_who_is_gone_are_swept_and_those_in_use_stay) {
  const layout here = layout::detect();
  const std::string prefix = "lxrtestsweep" + std::to_string(::getpid()), gone = prefix + "a", living = prefix + "b",
                    unmarked = prefix + "c";
  const auto create = [&](const std::string& parent, const std::string& mark) {
    group::create(here, parent + "/box", resources(5), [&] { return mark; });
  };
  create(gone, "gone");
  create(living, "living");
  create(unmarked, "");
  sweep_orphans(here, prefix, [](const std::string& mark) { return mark == "gone"; });
  const std::string tree = here.tree("pids");
  EXPECT_FALSE(fs::exists(tree + "/" + gone));
  EXPECT_TRUE(fs::exists(tree + "/" + living + "/box"));
  EXPECT_TRUE(fs::exists(tree + "/" + unmarked + "/box"));
  EXPECT_TRUE(cgroup::remove(here, living + "/box"));
  EXPECT_TRUE(cgroup::remove(here, unmarked + "/box"));
}

TEST(cgroup_settings, version_1_takes_values_as_they_are) {
  oci::resources_spec r = resources(7, 1 << 20);
  r.memory->reservation = 4096;
  r.memory->swappiness = 10;
  r.cpu.emplace().shares = 512;
  r.cpu->quota = 5000;
  r.cpu->period = 10000;
  r.cpu->cpus = "0-1";
  r.block_io.emplace().weight = 500;
  r.block_io->throttle_read_bps.push_back({8, 0, 1024});
  r.hugepage_limits.push_back({"2MB", 4096});
  r.network.emplace().class_id = 3;
  r.rdma["mlx5"].hca_handles = 2;
  EXPECT_EQ(text_of(settings_v1(r)),
            "pids pids.max=7\n"
            "memory memory.limit_in_bytes=1048576\nmemory memory.memsw.limit_in_bytes=1048576\n"
            "memory memory.soft_limit_in_bytes=4096\nmemory memory.swappiness=10\n"
            "cpu cpu.shares=512\ncpu cpu.cfs_period_us=10000\ncpu cpu.cfs_quota_us=5000\ncpuset cpuset.cpus=0-1\n"
            "blkio blkio.weight=500\nblkio blkio.throttle.read_bps_device=8:0 1024\n"
            "hugetlb hugetlb.2MB.limit_in_bytes=4096\nnet_cls net_cls.classid=3\nrdma rdma.max=mlx5 hca_handle=2\n");
  r = {};
  r.memory.emplace().limit = -1;  // of a group that limits memory and swap together
  EXPECT_EQ(text_of(settings_v1(r)), "memory memory.memsw.limit_in_bytes=-1\nmemory memory.limit_in_bytes=-1\n");
  r = {};
  r.unified["memory.high"] = "1";
  EXPECT_THROW(settings_v1(r), error);
}

TEST(cgroup_settings, version_2_takes_memory_and_swap_apart_and_weights_in_its_own_units) {
  oci::resources_spec r = resources(-1, 1 << 20);
  r.memory->swap = 3 << 20;
  r.memory->reservation = 4096;
  r.cpu.emplace().shares = 1024;
  r.cpu->quota = 5000;
  r.block_io.emplace().weight = 10;
  r.block_io->throttle_write_iops.push_back({8, 16, 5});
  r.hugepage_limits.push_back({"2MB", 4096});
  r.unified["memory.high"] = "77";
  EXPECT_EQ(text_of(settings_v2(r)),
            "pids pids.max=max\nmemory memory.max=1048576\nmemory memory.swap.max=2097152\nmemory memory.low=4096\n"
            "cpu cpu.weight=100\ncpu cpu.max=5000 100000\nio io.weight=default 1\nio io.max=8:16 wiops=5\n"
            "hugetlb hugetlb.2MB.max=4096\nmemory memory.high=77\n");
}

TEST(cgroup_settings, version_2_refuses_what_it_has_no_file_for) {
  const auto refused = [](auto change) {
    oci::resources_spec r;
    change(r);
    EXPECT_THROW(settings_v2(r), error);
  };
  refused([](auto& r) { r.memory.emplace().swappiness = 1; });
  refused([](auto& r) { r.memory.emplace().disable_oom_killer = true; });
  refused([](auto& r) { r.memory.emplace().swap = 1 << 20; });
  refused([](auto& r) { r.cpu.emplace().realtime_runtime = 5; });
  refused([](auto& r) { r.block_io.emplace().leaf_weight = 5; });
  refused([](auto& r) { r.network.emplace().class_id = 5; });
  refused([](auto& r) { r.unified["../cgroup.procs"] = "1"; });
  refused([](auto& r) { r.unified["cgroup.procs"] = "1"; });
}

TEST(cgroup_settings, shares_and_weights_have_their_defaults_and_ends_in_common) {
  EXPECT_EQ(cpu_weight(2), 1u);
  EXPECT_EQ(cpu_weight(1024), 100u);
  EXPECT_EQ(cpu_weight(262'144), 10'000u);
  EXPECT_EQ(cpu_weight(1), 1u);
  for (std::uint64_t shares = 4, last = 1; shares < 262'144; shares *= 2) {
    EXPECT_GE(cpu_weight(shares), last);
    last = cpu_weight(shares);
  }
}

TEST(cgroup_devices, version_1_gets_one_line_a_rule_and_two_for_both_kinds) {
  const std::vector<device_write> w =
      device_writes({{false, "a", "rwm", {}, {}}, {true, "c", "rw", 1, {}}, {true, "", "m", {}, 3}});
  std::string text;
  for (const device_write& one : w) text += one.file + " " + one.value + "\n";
  EXPECT_EQ(text, "devices.deny a\ndevices.allow c 1:* rw\ndevices.allow b *:3 m\ndevices.allow c *:3 m\n");
}

}  // namespace
}  // namespace lxr::io::cgroup
