// SPDX-License-Identifier: Apache-2.0
#include "pipeline/volume/copy_tree.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::volume {
namespace {

TEST(copy_tree, holes_stay_holes_and_names_of_one_file_stay_one) {
  const test::temp_directory from, to;
  constexpr off_t size = off_t{1} << 30, middle = size / 2;
  {
    const unique_fd sparse = file::open_at(AT_FDCWD, from.path() + "/sparse", O_RDWR | O_CREAT);
    ASSERT_EQ(::ftruncate(sparse.get(), size), 0);
    ASSERT_EQ(::pwrite(sparse.get(), "x", 1, middle), 1);
  }
  ASSERT_EQ(::link((from.path() + "/sparse").c_str(), (from.path() + "/other").c_str()), 0);
  const unique_fd in = file::open_at(AT_FDCWD, from.path(), O_RDONLY | O_DIRECTORY),
                  out = file::open_at(AT_FDCWD, to.path(), O_RDONLY | O_DIRECTORY);
  copy_tree(in.get(), out.get(), "tree");
  struct stat st{};
  ASSERT_EQ(::stat((to.path() + "/sparse").c_str(), &st), 0);
  EXPECT_EQ(st.st_size, size);
  EXPECT_LT(st.st_blocks * 512, 1 << 20);
  EXPECT_EQ(st.st_nlink, 2u);
  const unique_fd copied = file::open_at(AT_FDCWD, to.path() + "/other", O_RDONLY);
  char byte = 0;
  EXPECT_EQ(::pread(copied.get(), &byte, 1, middle), 1);
  EXPECT_EQ(byte, 'x');
}

}  // namespace
}  // namespace lxr::volume
