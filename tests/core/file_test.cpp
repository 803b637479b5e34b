// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"
#include "core/base/clock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file_lock.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr {
namespace {

TEST(file, replace_is_whole_or_not_at_all) {
  const test::temp_directory dir;
  file::replace_at(dir.fd(), "f", "one");
  file::replace_at(dir.fd(), "f", "two");
  EXPECT_EQ(file::read_at(dir.fd(), "f"), "two");
  EXPECT_EQ(file::list_at(dir.fd(), ".").size(), 1u);
  EXPECT_THROW(file::replace_at(dir.fd(), "missing/f", "x"), error);
  EXPECT_EQ(file::list_at(dir.fd(), ".").size(), 1u);
}

TEST(file, read_tells_missing_from_too_large) {
  const test::temp_directory dir;
  EXPECT_EQ(file::read_at(dir.fd(), "no"), std::nullopt);
  file::replace_at(dir.fd(), "f", std::string(1000, 'x'));
  EXPECT_THROW(file::read_at(dir.fd(), "f", 999), error);
}

TEST(file, remove_tree_does_not_follow_links) {
  const test::temp_directory dir;
  file::make_directory_at(dir.fd(), "canary");
  file::replace_at(dir.fd(), "canary/keep", "x");
  file::make_directory_at(dir.fd(), "tree");
  file::make_directory_at(dir.fd(), "tree/sub");
  ASSERT_EQ(::symlinkat("../../canary", dir.fd(), "tree/sub/link"), 0);
  file::remove_tree_at(dir.fd(), "tree");
  EXPECT_EQ(file::read_at(dir.fd(), "canary/keep"), "x");
  EXPECT_EQ(file::list_at(dir.fd(), "."), std::vector<std::string>{"canary"});
  EXPECT_NO_THROW(file::remove_tree_at(dir.fd(), "tree"));
}

TEST(file, remove_tree_needs_no_descriptor_for_every_level) {
  const test::temp_directory dir;
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{200, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  file::make_directory_at(dir.fd(), "trash");
  file::make_directory_at(dir.fd(), "trash/deep");
  unique_fd at = file::open_at(dir.fd(), "trash/deep", O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 2000; ++i) {
    file::make_directory_at(at.get(), "d");
    at = file::open_at(at.get(), "d", O_RDONLY | O_DIRECTORY);
  }
  at.reset();
  EXPECT_GT(file::disk_usage_at(dir.fd(), "trash/deep"), 0u);
  EXPECT_NO_THROW(file::remove_tree_at(dir.fd(), "trash/deep"));
  EXPECT_TRUE(file::list_at(dir.fd(), "trash").empty());
  EXPECT_EQ(file::list_at(dir.fd(), "."), std::vector<std::string>{"trash"});  // nor was anything put there on the way
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(file, what_proc_tells_of_a_process_that_is_going_is_nothing) {
  EXPECT_FALSE(file::read_of_process(::getpid(), "mountinfo").value().empty());
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT),
            0);  // it stays, without a mount namespace
  EXPECT_FALSE(file::read_of_process(child, "mountinfo"));
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(file::read_of_process(child, "mountinfo"));
}

TEST(file_lock, shared_holders_exclude_an_exclusive_one) {
  const test::temp_directory dir;
  const auto opened = [&dir] { return file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY); };
  unique_fd first = opened();
  const unique_fd second = opened(), third = opened();
  file::lock(first.get(), file::lock_kind::shared, "directory");
  file::lock(second.get(), file::lock_kind::shared, "directory");
  EXPECT_FALSE(file::try_lock(third.get(), "directory"));
  first.reset();
  EXPECT_FALSE(file::try_lock(third.get(), "directory"));
  file::unlock(second.get());
  EXPECT_TRUE(file::try_lock(third.get(), "directory"));
  EXPECT_FALSE(file::try_lock(second.get(), "directory"));
  EXPECT_THROW(static_cast<void>(file::try_lock(-1, "nothing")), error);
}

TEST(format_time, is_rfc_3339_with_nanoseconds) {
  EXPECT_EQ(format_time(1700000000'000000007), "2023-11-14T22:13:20.000000007Z");
}

}  // namespace
}  // namespace lxr
