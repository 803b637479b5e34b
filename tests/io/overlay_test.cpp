// SPDX-License-Identifier: Apache-2.0
#include "io/mount/overlay.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::io::mount {
namespace {

// Every way of handing layers to the kernel, each forced in turn: the older ones are what older kernels get.
class overlay_apis : public testing::TestWithParam<overlay_api> {
 protected:
  test::temp_directory dir;
  unique_fd open(const std::string& name) {
    lxr::file::make_directory_at(dir.fd(), name, 0755);
    return lxr::file::open_at(dir.fd(), name, O_RDONLY | O_DIRECTORY);
  }
};

TEST_P(overlay_apis, upper_layers_win_and_writes_land_in_the_upper_directory) {
  const unique_fd top = open("top"), bottom = open("bottom"), upper = open("upper"), work = open("work");
  lxr::file::replace_at(bottom.get(), "both", "bottom");
  lxr::file::replace_at(bottom.get(), "only", "bottom");
  lxr::file::replace_at(top.get(), "both", "top");
  const unique_fd root = mount_overlay({{top.get(), bottom.get()}, upper.get(), work.get()}, GetParam());
  EXPECT_EQ(lxr::file::read_at(root.get(), "both"), "top");
  EXPECT_EQ(lxr::file::read_at(root.get(), "only"), "bottom");
  lxr::file::replace_at(root.get(), "new", "written");
  EXPECT_EQ(lxr::file::read_at(upper.get(), "new"), "written");
  EXPECT_EQ(lxr::file::read_at(AT_FDCWD, "/proc/self/mountinfo")->find(dir.path()), std::string::npos);  // detached
}

TEST_P(overlay_apis, without_an_upper_directory_it_is_read_only) {
  const unique_fd a = open("a"), b = open("b");
  lxr::file::replace_at(a.get(), "f", "x");
  const unique_fd root = mount_overlay({{a.get(), b.get()}}, GetParam());
  EXPECT_EQ(lxr::file::read_at(root.get(), "f"), "x");
  EXPECT_THROW(lxr::file::replace_at(root.get(), "new", "y"), error);
}

INSTANTIATE_TEST_SUITE_P(all, overlay_apis,
                         testing::Values(overlay_api::descriptors, overlay_api::paths, overlay_api::one_string));

TEST(overlay, many_layers_only_the_oldest_way_refuses_with_a_reason) {
  const test::temp_directory dir;
  std::vector<unique_fd> held;
  overlay_layers layers;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "l" + std::to_string(i);
    lxr::file::make_directory_at(dir.fd(), name, 0755);
    held.push_back(lxr::file::open_at(dir.fd(), name, O_RDONLY | O_DIRECTORY));
    layers.lowers.push_back(held.back().get());
  }
  EXPECT_NO_THROW(mount_overlay(layers, overlay_api::descriptors));
  EXPECT_NO_THROW(mount_overlay(layers, overlay_api::paths));
  const std::vector<int> all = layers.lowers;
  layers.lowers.resize(40);
  EXPECT_NO_THROW(mount_overlay(layers, overlay_api::one_string));
  layers.lowers = all;
  try {
    mount_overlay(layers, overlay_api::one_string);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::exhausted);
    EXPECT_NE(std::string(e.what()).find("100 layers"), std::string::npos);
  }
}

}  // namespace
}  // namespace lxr::io::mount
