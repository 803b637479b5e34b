// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "pipeline/store/blob_claims.hpp"
#include "tests/support/faulty_files.hpp"
#include "tests/support/pulling.hpp"

namespace lxr::transfer {
namespace {

struct pull_faults : pulling, testing::WithParamInterface<layer::store_driver> {
  test::faulty_files faulty;
  pull_faults() {
    driver = GetParam();
    files = &faulty;
  }
  void remove_everything() {
    for (const char* place : {"layers", "images", "refs", "blobs"}) {
      for (const std::string& name : file::list_at(where.root_fd(), place))
        file::remove_tree_at(where.root_fd(), std::string(place) + "/" + name);
    }
  }
};

TEST_P(pull_faults, whichever_write_fails_the_pull_says_so_and_the_next_one_succeeds) {
  registry.publish(tar, test::gzip(tar));
  pull();
  const std::size_t operations = faulty.operations();
  ASSERT_GT(operations, 3u);
  for (std::size_t n = 0; n < operations; ++n) {
    for (const int code : {ENOSPC, EIO}) {
      remove_everything();
      faulty.fail_at(n, test::file_fault::failure(code));
      try {
        pull();
        ADD_FAILURE() << "operation " << n << " of " << operations << " failed, the pull did not";
      } catch (const error& e) {
        EXPECT_EQ(e.code(), std::error_code(code, std::generic_category())) << e.what();
      }
      for (const char* place : {"images", "refs", "ingest"})
        EXPECT_TRUE(file::list_at(where.root_fd(), place).empty()) << place << " after operation " << n;
      // A layer that was whole before may stay, but not where it would fill the disk.
      if (code == ENOSPC) {
        EXPECT_TRUE(file::list_at(where.root_fd(), "layers").empty()) << n;
      }
    }
  }
  faulty.fail_at(operations, test::file_fault::failure(EIO));
  EXPECT_TRUE(images.is_whole(pull().image_id));
}

INSTANTIATE_TEST_SUITE_P(both, pull_faults,
                         testing::Values(layer::store_driver::erofs, layer::store_driver::directories),
                         [](const auto& tested) { return std::string(to_string(tested.param)); });

// Another process that claims the blob and never comes back, as one that was stopped.
TEST_F(pulling, a_blob_that_another_pull_claims_for_too_long_is_fetched_all_the_same) {
  const std::string blob = test::gzip(tar);
  registry.publish(tar, blob);
  store::blob_claims stopped(where);
  ASSERT_TRUE(stopped.fetch(oci::digest::parse(test::sha256_of(blob))));
  claim_patience = std::chrono::milliseconds(0);
  EXPECT_TRUE(images.is_whole(pull().image_id));
}

}  // namespace
}  // namespace lxr::transfer
