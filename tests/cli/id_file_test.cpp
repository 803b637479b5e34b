// SPDX-License-Identifier: Apache-2.0
// Issue 11, 1.20: --cidfile removed another's file.
#include "cli/flags/id_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::cli {
namespace {

struct id_file_test : testing::Test {
  test::temp_directory dir_;
  std::string path_ = dir_.path() + "/cid";
  std::optional<std::string> content() { return file::read_at(dir_.fd(), "cid"); }
};

TEST_F(id_file_test, holds_the_id_and_goes_when_the_container_came_to_nothing) {
  id_file f(path_);
  EXPECT_FALSE(content());
  f.write("id");
  EXPECT_EQ(content(), "id");
  f.remove();
  EXPECT_FALSE(content());
}

TEST_F(id_file_test, what_is_there_is_refused_and_stays) {
  std::ofstream(path_) << "mine";
  EXPECT_THROW(id_file f(path_), error);
  EXPECT_EQ(content(), "mine");
  std::filesystem::remove(path_);
  std::filesystem::create_symlink("/nowhere", path_);
  EXPECT_THROW(id_file f(path_), error);
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(id_file_test, what_came_between_is_neither_written_nor_removed) {
  id_file f(path_);
  std::ofstream(path_) << "theirs";
  EXPECT_THROW(f.write("id"), error);
  f.remove();
  EXPECT_EQ(content(), "theirs");
}

TEST_F(id_file_test, what_took_its_place_stays) {
  id_file f(path_);
  f.write("id");
  std::ofstream(dir_.path() + "/other") << "theirs";
  std::filesystem::rename(dir_.path() + "/other", path_);
  f.remove();
  EXPECT_EQ(content(), "theirs");
}

TEST_F(id_file_test, its_path_is_the_callers_whoever_changes_directory_later) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_.path());
  id_file f("cid");
  std::filesystem::current_path("/");
  f.write("id");
  std::filesystem::current_path(before);
  EXPECT_EQ(content(), "id");
}

TEST_F(id_file_test, no_path_and_no_file_are_told_apart) {
  id_file none("");
  none.write("id");
  none.remove();
  EXPECT_THROW(id_file f(dir_.path() + "/"), error);
  EXPECT_THROW(id_file f(dir_.path() + "/nothing/cid"), error);
}

}  // namespace
}  // namespace lxr::cli
