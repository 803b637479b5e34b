#include "io/mount/rooted.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

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

}  // namespace
}  // namespace lxr::io::mount
