// SPDX-License-Identifier: Apache-2.0
#include "io/mount/rooted.hpp"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::io::mount {
namespace {

TEST(rooted, links_lead_nowhere_but_inside) {
  const test::temp_directory dir;
  lxr::file::make_directory_at(dir.fd(), "root");
  lxr::file::make_directory_at(dir.fd(), "root/etc");
  lxr::file::replace_at(dir.fd(), "secret", "outside");
  lxr::file::replace_at(dir.fd(), "root/etc/passwd", "inside");
  ASSERT_EQ(::symlinkat("/etc/passwd", dir.fd(), "root/absolute"), 0);
  ASSERT_EQ(::symlinkat("../../secret", dir.fd(), "root/escape"), 0);
  ASSERT_EQ(::symlinkat("/proc/self/root/etc/passwd", dir.fd(), "root/magic"), 0);
  const unique_fd root = lxr::file::open_at(dir.fd(), "root", O_PATH | O_DIRECTORY);
  EXPECT_EQ(read_rooted(root.get(), "absolute"), "inside");
  EXPECT_EQ(read_rooted(root.get(), "escape"), std::nullopt);
  EXPECT_EQ(read_rooted(root.get(), "../secret"), std::nullopt);
  EXPECT_EQ(read_rooted(root.get(), "magic"), std::nullopt);
  EXPECT_EQ(read_rooted(root.get(), "etc/none"), std::nullopt);
}

TEST(rooted, odd_files_do_not_block_or_fill_memory) {
  const test::temp_directory dir;
  ASSERT_EQ(::mkfifoat(dir.fd(), "fifo", 0644), 0);
  EXPECT_THROW(read_rooted(dir.fd(), "fifo"), error);
  const unique_fd big = lxr::file::open_at(dir.fd(), "big", O_WRONLY | O_CREAT);
  ASSERT_EQ(::ftruncate(big.get(), 10LL << 30), 0);
  EXPECT_THROW(read_rooted(dir.fd(), "big"), error);
}

// issue 11, 2.14: opening a device may do something, and a FIFO lets its writer go on. inotify(7) tells of every open
// but those with O_PATH.
TEST(rooted, only_regular_files_are_ever_opened_for_reading) {
  const test::temp_directory dir;
  lxr::file::make_directory_at(dir.fd(), "directory");
  ASSERT_EQ(::mkfifoat(dir.fd(), "fifo", 0644), 0);
  ASSERT_EQ(::mknodat(dir.fd(), "device", S_IFCHR | 0644, makedev(1, 5)), 0);
  ASSERT_EQ(::symlinkat("device", dir.fd(), "link"), 0);
  lxr::file::replace_at(dir.fd(), "file", "content");
  const unique_fd events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  for (const char* name : {"fifo", "device", "directory", "file"})
    ASSERT_GE(::inotify_add_watch(events.get(), (dir.path() + "/" + name).c_str(), IN_OPEN), 0);
  char told[4096];
  for (const char* name : {"fifo", "device", "link", "directory"})
    EXPECT_THROW(read_rooted(dir.fd(), name), error) << name;
  EXPECT_LT(::read(events.get(), told, sizeof told), 0) << "something was opened";
  EXPECT_EQ(read_rooted(dir.fd(), "file"), "content");
  EXPECT_GT(::read(events.get(), told, sizeof told), 0);
}

}  // namespace
}  // namespace lxr::io::mount
