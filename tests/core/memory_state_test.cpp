// SPDX-License-Identifier: Apache-2.0
#include "core/instance/memory_state.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "core/instance/ownership.hpp"
#include "core/model/after_boot.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr {
namespace {

// Issue 11, section 4: on a machine whose /tmp is on a disk, state in it is in memory all the same.
struct memory_states : test::state_fixture {
  std::string state = dir.path() + "/state";
  void SetUp() override {
    struct statfs fs{};
    if (::statfs(dir.path().c_str(), &fs) != 0 || fs.f_type == TMPFS_MAGIC) GTEST_SKIP() << "/tmp is in memory itself";
  }
};

TEST_F(memory_states, lie_behind_links_and_are_made_anew_when_those_lead_nowhere) {
  const std::string first = memory_of(state);
  ASSERT_TRUE(first.starts_with("/dev/shm/lxr-")) << first;
  const std::string id = make_container("x");
  EXPECT_TRUE(std::filesystem::exists(state + "/containers/" + id + "/lock"));
  EXPECT_EQ(memory_of(state), first);
  std::filesystem::remove_all(first);  // as in a reboot
  const instance again = instance::open(dir.path() + "/root", state);
  EXPECT_NE(memory_of(state), first);
  settle_after_boot(again);
  EXPECT_EQ(resolve_container(again, "x"), id);
}

TEST_F(memory_states, of_a_directory_that_was_removed_are_swept) {
  const std::string memory = memory_of(state);
  std::filesystem::remove_all(state);
  const instance other = instance::open(dir.path() + "/root", dir.path() + "/state2");
  EXPECT_FALSE(std::filesystem::exists(memory));
  EXPECT_TRUE(std::filesystem::exists(memory_of(dir.path() + "/state2")));
}

TEST_F(memory_states, are_ours_alone) {
  const std::string memory = memory_of(state);
  std::filesystem::permissions(memory, std::filesystem::perms(0755));  // somebody could have read, or made, it
  const instance again = instance::open(dir.path() + "/root", state);
  EXPECT_NE(memory_of(state), memory);
  std::filesystem::remove_all(memory);
}

TEST_F(memory_states, in_another_mount_namespaces_memory_are_refused) {
  std::filesystem::remove(state + "/place");
  std::filesystem::create_symlink(std::to_string(this_boot()) + "-1", state + "/place");
  std::filesystem::remove_all(memory_of(state));
  EXPECT_THROW(instance::open(dir.path() + "/root", state), error);
}

// Issue 11, 1.17.
TEST(ownership, is_told_by_the_state_directory) {
  const test::temp_directory dir;
  const std::string root = dir.path() + "/root", state = dir.path() + "/state";
  const instance first = instance::open(root, state);
  const std::string mark = owner_mark(first);
  EXPECT_NE(mark.find(state), std::string::npos);
  EXPECT_FALSE(is_orphaned(mark));
  EXPECT_FALSE(was_replaced(first));
  std::filesystem::remove_all(state);
  EXPECT_TRUE(is_orphaned(mark));
  EXPECT_TRUE(was_replaced(first));
  const instance second = instance::open(root, state);
  EXPECT_FALSE(is_orphaned(mark));
  EXPECT_TRUE(was_replaced(first));
  EXPECT_FALSE(was_replaced(second));
  for (const char* other : {"", "lxr", "lxr 1 /nowhere", "eth0 of mine", "lxr /nowhere"})
    EXPECT_FALSE(is_orphaned(other)) << other;
  EXPECT_EQ(owner_mark(instance::open(root, dir.path() + "/" + std::string(240, 's'))), "");
}

}  // namespace
}  // namespace lxr
