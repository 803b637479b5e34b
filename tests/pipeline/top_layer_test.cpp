// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/top_layer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/tar/reader.hpp"
#include "pipeline/layer/layer_writer.hpp"
#include "pipeline/layer/tree_listing.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::layer {
namespace {

using test::tar_builder;

// An image of layers that are stored as trees, each in a directory of its own.
struct top_layer : testing::Test {
  test::temp_directory dir, image;
  std::vector<unique_fd> layers;

  void add(const std::string& archive) {
    const std::string name = std::to_string(layers.size());
    file::make_directory_at(dir.fd(), name);
    unique_fd directory = file::open_at(dir.fd(), name, O_RDONLY | O_DIRECTORY);
    file::make_directory_at(directory.get(), "root", 0755);
    pull_budget budget;
    layer_writer writer(file::open_at(directory.get(), ".", O_RDONLY | O_DIRECTORY),
                        file::open_at(directory.get(), "root", O_RDONLY | O_DIRECTORY), budget);
    io::tar::reader reader(writer);
    reader.feed(as_bytes(archive));
    reader.finish();
    writer.finish();
    layers.push_back(std::move(directory));
  }
  bool make(const layer_limits& limits = {}) {
    pull_budget budget(limits);
    return make_top_layer(layers, image.fd(), budget);
  }
  struct stat stat_of(const std::string& path, int base = -1) const {
    struct stat st{};
    EXPECT_EQ(::fstatat(base < 0 ? image.fd() : base, path.c_str(), &st, AT_SYMLINK_NOFOLLOW), 0) << path;
    return st;
  }
};

TEST_F(top_layer, layers_that_name_their_directories_need_none) {
  add(tar_builder().directory("etc").file("etc/a", "1").finish());
  add(tar_builder().directory("etc").file("etc/b", "2").file("etc/.wh.a", "").finish());
  EXPECT_FALSE(make());
  EXPECT_TRUE(file::list_at(image.fd(), ".").empty());
}

TEST_F(top_layer, an_implied_directory_keeps_what_a_lower_layer_says_of_it) {
  add(tar_builder().add({.path = "d", .type = '5', .mode = 0711, .uid = 5, .gid = 6}).finish());
  add(tar_builder().file("d/f", "1").finish());
  ASSERT_TRUE(make());
  const struct stat st = stat_of("root/d");
  EXPECT_EQ(st.st_mode & 07777, 0711u);
  EXPECT_EQ(st.st_uid, 5u);
  EXPECT_EQ(st.st_gid, 6u);
  EXPECT_TRUE(file::list_at(image.fd(), "root/d").empty()) << "overlayfs shows the file by itself";
  EXPECT_EQ(first_difference(image.fd()), "") << "its listing is right";
}

TEST_F(top_layer, what_leads_through_a_link_lies_where_the_link_leads) {
  add(tar_builder()
          .add({.path = "run", .type = '5', .mode = 0711})
          .directory("var")
          .add({.path = "var/run", .link = "/run", .type = '2'})
          .finish());
  add(tar_builder().file("var/run/app.pid", "7").finish());
  ASSERT_TRUE(make());
  EXPECT_TRUE(S_ISLNK(stat_of("root/var/run").st_mode));
  EXPECT_EQ(file::read_at(image.fd(), "root/run/app.pid"), "7");
  EXPECT_EQ(stat_of("root/run").st_mode & 07777, 0711u);
  EXPECT_EQ(stat_of("root/run/app.pid").st_ino, stat_of("root/var/run/app.pid", layers[1].get()).st_ino)
      << "it takes no further space";
  EXPECT_EQ(first_difference(image.fd()), "");
}

TEST_F(top_layer, a_whiteout_that_overlayfs_would_list_is_covered) {
  add(tar_builder().file("other", "1").finish());
  add(tar_builder().directory("d").file("d/.wh.gone", "").file("d/kept", "2").finish());
  ASSERT_TRUE(make());
  EXPECT_TRUE(S_ISDIR(stat_of("root/d").st_mode));
}

TEST_F(top_layer, too_little_memory_is_told) {
  tar_builder many;
  for (int i = 0; i < 3000; ++i) many.file("d/" + std::to_string(i), "x");
  add(many.finish());
  add(tar_builder().add({.path = "d", .type = '5', .mode = 0700}).finish());
  add(tar_builder().file("d/more", "x").finish());
  try {
    make({.memory = 64u << 10, .memory_grows = false});
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::exhausted) << e.what();
  }
}

TEST_F(top_layer, of_a_layer_that_an_early_lxr_stored_nothing_is_known) {
  add(tar_builder().directory("d").finish());
  add(tar_builder().file("d/f", "1").finish());
  ASSERT_EQ(::unlinkat(layers[0].get(), "listing", 0), 0);
  EXPECT_FALSE(make());
}

}  // namespace
}  // namespace lxr::layer
