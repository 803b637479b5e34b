// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/prune.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "pipeline/store/blob_claims.hpp"
#include "tests/support/store_fixture.hpp"

namespace lxr::store {
namespace {

struct store_prune : test::store_fixture {
  std::string layers() const { return digits("layers"); }
  std::string all_images() const { return digits("images"); }

  // The first digit of each entry, sorted.
  std::string digits(const std::string& directory) const {
    std::string out;
    for (const std::string& name : file::list_at(where.root_fd(), directory)) out += name.front();
    std::ranges::sort(out);
    return out;
  }

  std::error_code refusal_of(const std::string& word, bool force) const {
    try {
      remove_image(where, word, force);
    } catch (const error& e) {
      return e.code();
    }
    return {};
  }
};

TEST_F(store_prune, what_has_no_name_and_what_only_that_needed_goes) {
  commit_image('a', "12", "kept");
  commit_image('b', "23");
  commit_layer('4');
  const removed gone = prune(where, false);
  EXPECT_EQ(gone.deleted, std::vector{hex('b')});
  EXPECT_TRUE(gone.untagged.empty());
  EXPECT_GT(gone.bytes, 0u);
  EXPECT_EQ(all_images(), "a");
  EXPECT_EQ(layers(), "12");
  EXPECT_EQ(digits("blobs"), "12") << "links that lead nowhere go too";
  EXPECT_TRUE(file::list_at(where.root_fd(), "trash").empty());
}

TEST_F(store_prune, all_takes_names_too_but_nothing_that_a_container_uses) {
  commit_image('a', "1", "unused");
  commit_image('b', "2", "used");
  commit_image('c', "3");
  make_container_of('b', "user");
  make_container_of('c', "other");
  EXPECT_EQ(prune(where, true).untagged, std::vector<std::string>{"unused:latest"});
  EXPECT_EQ(all_images(), "bc");
  EXPECT_EQ(layers(), "23");
  EXPECT_TRUE(images.find("used"));
}

TEST_F(store_prune, a_layer_that_a_pull_claims_stays) {
  commit_layer('1');
  commit_layer('2');
  blob_claims pull(where);
  ASSERT_TRUE(pull.use(digest('1')));
  prune(where, true);
  EXPECT_EQ(layers(), "1");
  pull.release();
  prune(where, true);
  EXPECT_EQ(layers(), "");
}

TEST_F(store_prune, of_a_damaged_image_the_layers_are_not_known_so_nothing_goes) {
  commit_image('a', "1", "damaged");
  commit_image('b', "2");
  file::replace_at(where.root_fd(), "images/" + hex('a') + "/config.json", "{");
  try {
    prune(where, false);
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt);
    EXPECT_NE(std::string(e.what()).find("lxr system check --repair"), std::string::npos) << e.what();
  }
  EXPECT_EQ(all_images(), "ab");
  EXPECT_EQ(layers(), "12");
}

TEST_F(store_prune, a_container_whose_configuration_is_damaged_may_use_any_image) {
  commit_image('a', "1");
  const std::string id = make_container("box");
  file::replace_at(where.root_fd(), "containers/" + id + "/config.json", "{");
  prune(where, true);
  EXPECT_EQ(all_images(), "a");
  EXPECT_NE(container_using(where, hex('1')).find("lxr rm -f"), std::string::npos);
}

TEST_F(store_prune, an_image_goes_with_its_last_name) {
  commit_image('a', "12", "one");
  commit_image('b', "2", "other");
  tag("two", 'a');
  EXPECT_EQ(remove_image(where, "one", false).deleted.size(), 0u);
  EXPECT_TRUE(images.find("two"));
  const removed last = remove_image(where, "two", false);
  EXPECT_EQ(last.untagged, std::vector<std::string>{"two:latest"});
  EXPECT_EQ(last.deleted, std::vector{hex('a')});
  EXPECT_EQ(layers(), "2") << "the layer that both had is still needed";
}

TEST_F(store_prune, an_id_with_several_names_needs_force) {
  commit_image('a', "1", "one");
  tag("two", 'a');
  EXPECT_EQ(refusal_of(hex('a'), false), errc::conflict);
  EXPECT_EQ(images.list().size(), 2u);
  EXPECT_EQ(refusal_of(hex('a'), true), std::error_code());
  EXPECT_EQ(all_images() + layers(), "");
}

TEST_F(store_prune, what_a_container_uses_is_refused_whatever_force_says) {
  commit_image('a', "1", "app");
  make_container_of('a', "user");
  EXPECT_EQ(refusal_of("app", false), errc::conflict);
  EXPECT_EQ(refusal_of("app", true), errc::conflict);
  EXPECT_TRUE(images.find("app"));
  tag("second", 'a');
  EXPECT_EQ(refusal_of("app", false), std::error_code()) << "one of several names may go";
  EXPECT_EQ(refusal_of("nothing", true), errc::not_found);
}

TEST_F(store_prune, a_commit_is_taken_back_unless_somebody_needs_it_by_now) {
  commit_image('a', "12", "named");
  commit_image('b', "23");
  take_back(where, hex('a'), {digest('1')});
  take_back(where, hex('b'), {digest('2'), digest('3')});
  EXPECT_EQ(all_images(), "a");
  EXPECT_EQ(layers(), "12");
}

TEST_F(store_prune, usage_counts_what_would_be_freed) {
  commit_image('a', "1", "used");
  commit_image('b', "2", "unused");
  make_container_of('a', "user");
  const usage before = usage_of(where);
  EXPECT_EQ(before.images, 2u);
  EXPECT_EQ(before.used_images, 1u);
  EXPECT_EQ(before.layers, 2u);
  EXPECT_EQ(prune(where, true).bytes, before.reclaimable);
  EXPECT_EQ(usage_of(where).bytes, before.bytes - before.reclaimable);
}

}  // namespace
}  // namespace lxr::store
