// SPDX-License-Identifier: Apache-2.0
#include "pipeline/store/blob_claims.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/base/file.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::store {
namespace {

// Issue 11, 2.2: parallel pulls fetch a blob once.
TEST(blob_claims, one_fetches_and_many_use) {
  const test::temp_directory dir;
  const instance where = instance::open(dir.path() + "/root", dir.path() + "/state");
  const auto a = oci::digest::from_hex(std::string(64, 'a')), b = oci::digest::from_hex(std::string(64, 'b'));
  ASSERT_EQ(::symlinkat("../layers/of-a", where.root_fd(), ("blobs/" + a.hex()).c_str()), 0);
  blob_claims one(where);
  {
    blob_claims other(where);
    EXPECT_TRUE(one.fetch(a));
    EXPECT_TRUE(one.fetch(a));
    EXPECT_FALSE(other.fetch(a));
    EXPECT_FALSE(other.use(a));
    EXPECT_TRUE(other.fetch(b));
    EXPECT_TRUE(one.use(a));  // it is there now
    EXPECT_TRUE(other.use(a));
    EXPECT_FALSE(one.fetch(a));
  }
  EXPECT_TRUE(one.fetch(b));  // the other is gone
  EXPECT_EQ(claimed_layers(where), std::set<std::string>{"of-a"});
  one.release();
  EXPECT_TRUE(claimed_layers(where).empty());
}

}  // namespace
}  // namespace lxr::store
