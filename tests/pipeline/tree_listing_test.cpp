// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/tree_listing.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <functional>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/layer/layer_writer.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::layer {
namespace {

class listing_of_a_layer : public testing::Test {
 protected:
  void SetUp() override {
    file::make_directory_at(dir_.fd(), "root", 0755);
    root_ = file::open_at(dir_.fd(), "root", O_RDONLY | O_DIRECTORY);
    pull_budget budget;
    layer_writer writer(file::open_at(dir_.fd(), ".", O_RDONLY | O_DIRECTORY),
                        file::open_at(dir_.fd(), "root", O_RDONLY | O_DIRECTORY), budget);
    io::tar::reader tar(writer);
    test::tar_builder b;
    b.directory("etc")
        .file("etc/file", "content")
        .add({.path = "etc/hard", .link = "etc/file", .type = '1'})
        .add({.path = "link", .link = "etc/file", .type = '2'});
    b.add({.path = "fifo", .type = '6'})
        .add({.path = "zero", .type = '3', .major = 1, .minor = 5})
        .file("etc/other", "content");
    b.add({.path = "etc/attributed", .content = "a", .pax = {{"SCHILY.xattr.user.x", std::string("v\0w", 3)}}})
        .file("implied/new\nline \xff", "x");
    tar.feed(as_bytes(b.finish()));
    tar.finish();
    writer.finish();
  }
  [[nodiscard]] listed of(const std::string& path) const {
    auto names = listing_reader::open(dir_.fd());
    while (auto l = names->next()) {
      if (l->path == path) return *l;
    }
    throw std::out_of_range(path);
  }

  const test::temp_directory dir_;
  unique_fd root_;
};

TEST_F(listing_of_a_layer, holds_what_was_stored) {
  EXPECT_EQ(first_difference(dir_.fd()), "");
  EXPECT_TRUE(of("implied").implied);
  EXPECT_TRUE(of("").implied);
  EXPECT_FALSE(of("etc").implied);
  EXPECT_EQ(of("link").link_target, "etc/file");
  EXPECT_EQ(of("etc/attributed").xattrs, (std::map<std::string, std::string>{{"user.x", std::string("v\0w", 3)}}));
  EXPECT_EQ(of("etc/file").inode, of("etc/hard").inode);
  EXPECT_EQ(of("etc/file").checksum, of("etc/other").checksum);
  EXPECT_EQ(of("implied/new\nline \xff").size, 1u);
}

TEST_F(listing_of_a_layer, tells_whatever_changes) {
  const auto expect_told = [&](const char* what, const std::string& told, const std::function<void()>& change,
                               const std::function<void()>& back) {
    change();
    EXPECT_EQ(first_difference(dir_.fd()), told) << what;
    back();
    EXPECT_EQ(first_difference(dir_.fd()), "") << what;
  };
  const int root = root_.get();
  expect_told(
      "mode", "\"etc/file\" has another mode", [&] { ::fchmodat(root, "etc/file", 0600, 0); },
      [&] { ::fchmodat(root, "etc/file", 0644, 0); });
  expect_told(
      "owner", "\"link\" has another owner", [&] { ::fchownat(root, "link", 5, 0, AT_SYMLINK_NOFOLLOW); },
      [&] { ::fchownat(root, "link", 0, 0, AT_SYMLINK_NOFOLLOW); });
  const unique_fd attributed = file::open_at(root, "etc/attributed", O_RDONLY);
  expect_told(
      "attribute", "\"etc/attributed\" has other attributes",
      [&] { ::fsetxattr(attributed.get(), "user.x", "v", 1, 0); },
      [&] { ::fsetxattr(attributed.get(), "user.x", "v\0w", 3, 0); });
  struct stat etc{};
  ::fstatat(root, "etc", &etc, 0);
  const timespec times[2] = {etc.st_mtim, etc.st_mtim};
  const auto restore_time = [&] { ::utimensat(root, "etc", times, 0); };
  const auto same_time = [&](const std::string& path) {  // as was listed
    const listed was = of(path);
    const timespec time{static_cast<time_t>(was.mtime_seconds), static_cast<long>(was.mtime_nanoseconds)};
    const timespec both[2] = {time, time};
    ::utimensat(root, path.empty() ? "." : path.c_str(), both, 0);
  };
  expect_told(
      "added", "\"etc/new\" was added",
      [&] {
        file::replace_at(root, "etc/new", "n", 0644);
        restore_time();
      },
      [&] {
        ::unlinkat(root, "etc/new", 0);
        restore_time();
      });
  expect_told(
      "missing", "\"etc/hard\" is missing",
      [&] {
        ::unlinkat(root, "etc/hard", 0);
        restore_time();
      },
      [&] {
        ::linkat(root, "etc/file", root, "etc/hard", 0);
        restore_time();
      });
  expect_told(
      "hard link", "\"etc/hard\" has other hard links",
      [&] {
        ::unlinkat(root, "etc/hard", 0);
        file::replace_at(root, "etc/hard", "content", 0644);
        same_time("etc/hard");
        restore_time();
      },
      [&] {
        ::unlinkat(root, "etc/hard", 0);
        ::linkat(root, "etc/file", root, "etc/hard", 0);
        restore_time();
      });
  expect_told(
      "joined", "\"etc/other\" has other hard links",
      [&] {
        ::unlinkat(root, "etc/other", 0);
        ::linkat(root, "etc/file", root, "etc/other", 0);
        restore_time();
      },
      [&] {
        ::unlinkat(root, "etc/other", 0);
        file::replace_at(root, "etc/other", "content", 0644);
        same_time("etc/other");
        restore_time();
      });
  expect_told(
      "last", "\"zero\" is missing",
      [&] {
        ::renameat(root, "zero", dir_.fd(), "zero");
        same_time("");
      },
      [&] {
        ::renameat(dir_.fd(), "zero", root, "zero");
        same_time("");
      });
  const unique_fd file = file::open_at(root, "etc/other", O_RDWR);
  struct stat st{};
  ::fstat(file.get(), &st);
  const timespec before[2] = {st.st_mtim, st.st_mtim};
  const auto write = [&](const char* bytes) {
    EXPECT_EQ(::pwrite(file.get(), bytes, 7, 0), 7);
    ::futimens(file.get(), before);
  };
  expect_told(
      "content", "the content of \"etc/other\" has changed", [&] { write("cOntent"); }, [&] { write("content"); });
}

TEST_F(listing_of_a_layer, a_damaged_one_is_an_error_wherever_it_ends) {
  const std::string text = *file::read_at(dir_.fd(), "listing");
  for (std::size_t size = 1; size < text.size(); ++size) {
    file::replace_at(dir_.fd(), "listing", text.substr(0, size));
    try {
      EXPECT_NE(first_difference(dir_.fd()), "") << size;  // it ended between two names
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::corrupt) << size;
    }
  }
  ::unlinkat(dir_.fd(), "listing", 0);
  EXPECT_THROW(first_difference(dir_.fd()), error);
}

}  // namespace
}  // namespace lxr::layer
