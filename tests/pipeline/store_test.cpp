// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/store.hpp"

#include "core/base/error.hpp"
#include "pipeline/store/lending.hpp"
#include "tests/support/store_fixture.hpp"

namespace lxr::store {
namespace {

using store_names = test::store_fixture;
using store_commit = test::store_fixture;
using store_lending = test::store_fixture;

std::string content_of(int root, const std::string& path) { return file::read_at(root, path).value_or("(missing)"); }

TEST_F(store_names, an_image_is_found_by_name_id_and_a_beginning_of_its_id) {
  commit_image('a', "1", "app:2");
  for (const std::string& word : {std::string("app:2"), std::string("docker.io/library/app:2"), hex('a'),
                                  "sha256:" + hex('a'), hex('a').substr(0, 4)}) {
    const auto found = images.find(word);
    ASSERT_TRUE(found) << word;
    EXPECT_EQ(found->id, hex('a')) << word;
  }
  for (const std::string& word : {std::string("app"), std::string("aaa"), std::string("sha256:aaa"), hex('b')})
    EXPECT_FALSE(images.find(word)) << word;
}

TEST_F(store_names, a_name_that_looks_like_an_id_wins) {
  commit_image('a', "1");
  commit_image('b', "1", "aaaa");
  EXPECT_EQ(images.find("aaaa")->id, hex('b'));
  EXPECT_EQ(images.find("sha256:aaaa")->id, hex('a'));
}

TEST_F(store_names, a_beginning_of_two_ids_is_refused) {
  commit_image('a', "1", "one");
  std::string other = hex('a');
  other.back() = 'b';
  ASSERT_EQ(::symlinkat(hex('a').c_str(), where.root_fd(), ("images/" + other).c_str()), 0);
  try {
    (void)images.find("aaaaaa");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_NE(std::string(e.what()).find("give more of it"), std::string::npos) << e.what();
  }
}

TEST_F(store_names, the_last_tag_wins_and_an_image_without_one_is_listed_last) {
  commit_image('a', "1", "app");
  commit_image('b', "1", "app");
  tag("a/first", 'b');
  const auto all = images.list();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].name.familiar(), "a/first:latest");
  EXPECT_EQ(all[1].name.familiar(), "app:latest");
  EXPECT_EQ(all[1].id, hex('b'));
  EXPECT_EQ(all[1].top_digest, digest('f').str());
  EXPECT_FALSE(all[2].is_named());
  EXPECT_EQ(all[2].id, hex('a'));
  images.untag(oci::reference::parse("app"));
  images.untag(oci::reference::parse("app"));  // it is gone already
  EXPECT_FALSE(images.find("app"));
}

TEST_F(store_names, what_a_dead_writer_left_is_no_name_and_swept) {
  commit_image('a', "1", "app");
  const std::string half = "refs/.tmp-0123";
  file::replace_at(where.root_fd(), half, content_of(where.root_fd(), "refs/docker.io%2Flibrary%2Fapp:latest"));
  EXPECT_EQ(images.list().size(), 1u);
  images.sweep();
  EXPECT_EQ(content_of(where.root_fd(), half), "(missing)");
  EXPECT_TRUE(images.find("app"));
}

TEST_F(store_names, a_private_directory_is_swept_once_its_owner_is_gone) {
  auto staged = images.begin();
  images.sweep();
  EXPECT_EQ(file::list_at(where.root_fd(), "ingest").size(), 1u);
  staged.directory.reset();
  images.sweep();
  EXPECT_TRUE(file::list_at(where.root_fd(), "ingest").empty());
}

TEST_F(store_names, an_image_that_is_not_there_is_told_by_its_id) {
  try {
    (void)images.load(hex('a'));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::not_found);
    EXPECT_NE(std::string(e.what()).find("aaaaaaaaaaaa"), std::string::npos) << e.what();
  }
}

TEST_F(store_commit, a_layer_is_invisible_before_and_the_first_copy_stays) {
  EXPECT_FALSE(images.has_layer(digest('1')) || images.has_blob(digest('1')));
  EXPECT_TRUE(commit_layer('1', "first"));
  EXPECT_TRUE(images.has_layer(digest('1')) && images.has_blob(digest('1')));
  EXPECT_FALSE(commit_layer('1', "second"));
  EXPECT_EQ(content_of(where.root_fd(), "layers/" + hex('1') + "/root/file"), "first");
  EXPECT_EQ(images.layer_size(digest('1')), 5u);
  EXPECT_TRUE(file::list_at(where.root_fd(), "ingest").empty());
}

TEST_F(store_commit, a_layer_without_its_record_is_replaced) {
  commit_layer('1', "damaged");
  ASSERT_EQ(::unlinkat(where.root_fd(), ("layers/" + hex('1') + "/layer.json").c_str(), 0), 0);
  EXPECT_TRUE(commit_layer('1', "whole"));
  EXPECT_EQ(content_of(where.root_fd(), "layers/" + hex('1') + "/root/file"), "whole");
}

TEST_F(store_commit, nothing_staged_is_nothing_committed) {
  const auto staged = images.begin();
  EXPECT_FALSE(store::commit_layer(images, staged, digest('1'), digest('1')));
  EXPECT_FALSE(images.has_blob(digest('1')));
}

TEST_F(store_commit, an_image_is_whole_with_its_layers_only) {
  EXPECT_TRUE(commit_image('a', "12"));
  EXPECT_FALSE(commit_image('a', "12")) << "the first one is whole and stays";
  EXPECT_TRUE(images.is_whole(hex('a')));
  EXPECT_EQ(images.load(hex('a')).config.diff_ids.size(), 2u);
  EXPECT_EQ(images.open_layers(images.load(hex('a'))).size(), 2u);
  file::remove_tree_at(where.root_fd(), "layers/" + hex('2'));
  EXPECT_FALSE(images.is_whole(hex('a')));
  EXPECT_THROW((void)images.open_layers(images.load(hex('a'))), error);
  commit_layer('2');
  ASSERT_EQ(::unlinkat(where.root_fd(), ("images/" + hex('a') + "/config.json").c_str(), 0), 0);
  EXPECT_TRUE(commit_image('a', "12")) << "it takes the place of one that is not whole";
  EXPECT_TRUE(images.is_whole(hex('a')));
}

TEST_F(store_commit, a_damaged_image_with_a_tree_is_not_pulled_away_from_under_a_container) {
  commit_image('a', "1");
  file::make_directory_at(where.root_fd(), "images/" + hex('a') + "/root");
  file::remove_tree_at(where.root_fd(), "layers/" + hex('1'));
  const std::string user = make_container_of('a', "user");
  ASSERT_TRUE(commit_layer('2'));
  try {
    commit_image('a', "2");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::conflict);
    EXPECT_NE(std::string(e.what()).find("container \"user\" uses it"), std::string::npos) << e.what();
  }
}

// A loan is made of any descriptors; here of one that stands for a mount.
TEST_F(store_lending, a_loan_is_borrowed_until_it_is_taken_back) {
  commit_image('a', "1");
  std::vector<unique_fd> mounts;
  mounts.push_back(file::open_at(dir.fd(), "mount", O_RDWR | O_CREAT));
  EXPECT_TRUE(borrow(where, hex('a')).empty());
  lend(where, hex('a'), mounts);
  const auto borrowed = borrow(where, hex('a'));
  ASSERT_EQ(borrowed.size(), 1u);
  file::write_all(borrowed.front().get(), "shared", "mount");
  EXPECT_EQ(file::read_at(dir.fd(), "mount"), "shared");
  take_back(where, hex('a'));
  EXPECT_TRUE(borrow(where, hex('a')).empty());
}

TEST_F(store_lending, a_loan_that_is_stale_damaged_or_of_a_newer_lxr_is_not_used) {
  commit_image('a', "1");
  std::vector<unique_fd> mounts;
  mounts.push_back(file::open_at(dir.fd(), "mount", O_RDWR | O_CREAT));
  const std::string path = "mounts/" + hex('a');
  lend(where, hex('a'), mounts);
  const json::object record = json::parse_object(*file::read_at(where.state_fd(), path), path);
  const auto is_used_with = [&](const char* member, json::value value) {
    json::object changed = record;
    changed[member] = std::move(value);
    file::replace_at(where.state_fd(), path, json::dump(changed));
    return !borrow(where, hex('a')).empty();
  };
  EXPECT_TRUE(is_used_with("version", nullptr)) << "as an lxr without versions wrote it";
  EXPECT_FALSE(is_used_with("version", 2));
  EXPECT_FALSE(is_used_with("lender", json::object{{"pid", ::getpid()}, {"startTime", 1}, {"boot", 1}}));
  EXPECT_FALSE(is_used_with("index", 12345)) << "the image's index is another one since";
  EXPECT_FALSE(is_used_with("mounts", json::array{100000})) << "the lender has closed it";
  EXPECT_FALSE(is_used_with("mounts", "x"));
  EXPECT_TRUE(is_used_with("version", 1));
}

}  // namespace
}  // namespace lxr::store
