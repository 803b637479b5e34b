// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/cgroup.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::io::cgroup {
namespace {

namespace fs = std::filesystem;

std::string content(const std::string& path) { return lxr::file::read_at(AT_FDCWD, path).value_or("missing"); }

TEST(cgroup, on_this_host_limits_are_set_and_the_group_goes_away_again) {
  const layout here = layout::detect();
  const std::string parent = "lxr-unittest" + std::to_string(::getpid());
  {
    const group g = group::create(here, parent, "box", {.pids = 77, .memory = 64 << 20, .cpu_quota = 50000});
    const std::string pids = here.unified ? here.base : here.base + "/pids";
    EXPECT_EQ(content(pids + "/" + parent + "/box/pids.max"), "77\n");
    const std::string memory = here.unified ? here.base + "/" + parent + "/box/memory.max"
                                            : here.base + "/memory/" + parent + "/box/memory.limit_in_bytes";
    EXPECT_EQ(content(memory), "67108864\n");
    EXPECT_EQ(g.tasks().size(), here.unified ? 0u : 3u);
    EXPECT_FALSE(g.had_oom_kill());
  }
  EXPECT_TRUE(group::remove(here, parent, "box"));
  EXPECT_FALSE(fs::exists((here.unified ? here.base : here.base + "/pids") + "/" + parent));
  EXPECT_TRUE(group::remove(here, parent, "box"));  // idempotent
}

TEST(cgroup, a_missing_controller_is_named_and_nothing_is_left) {
  const test::temp_directory fake;  // v1 without any hierarchy
  try {
    group::create({false, fake.path()}, "lxr", "box", {.pids = 5});
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::unsupported);
    EXPECT_NE(std::string(e.what()).find("pids"), std::string::npos);
  }
  EXPECT_TRUE(fs::is_empty(fake.path()));
}

TEST(cgroup, without_limits_version_1_makes_no_directory) {
  const test::temp_directory fake;
  const group g = group::create({false, fake.path()}, "lxr", "box", {});
  EXPECT_TRUE(g.tasks().empty());
  EXPECT_EQ(g.directory(), -1);
  EXPECT_TRUE(fs::is_empty(fake.path()));
}

// Issue 11, 1.17.
TEST(cgroup, parents_of_who_is_gone_are_swept_and_those_in_use_stay) {
  const layout here = layout::detect();
  const std::string prefix = "lxrtestsweep" + std::to_string(::getpid()), gone = prefix + "a", living = prefix + "b",
                    unmarked = prefix + "c";
  const auto create = [&](const std::string& parent, const std::string& mark) {
    group::create(here, parent, "box", {.pids = 5}, [&] { return mark; });
  };
  create(gone, "gone");
  create(living, "living");
  create(unmarked, "");
  group::sweep_orphans(here, prefix, [](const std::string& mark) { return mark == "gone"; });
  const std::string tree = here.unified ? here.base : here.base + "/pids";
  EXPECT_FALSE(fs::exists(tree + "/" + gone));
  EXPECT_TRUE(fs::exists(tree + "/" + living + "/box"));
  EXPECT_TRUE(fs::exists(tree + "/" + unmarked + "/box"));
  EXPECT_TRUE(group::remove(here, living, "box"));
  EXPECT_TRUE(group::remove(here, unmarked, "box"));
}

}  // namespace
}  // namespace lxr::io::cgroup
