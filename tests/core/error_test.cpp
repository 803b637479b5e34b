// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

namespace lxr {
namespace {

TEST(error, says_what_was_attempted_on_what_why_and_what_to_do) {
  const error e(errc::not_found, "pull", "golang", "the registry answered 404", "is the tag right?");
  EXPECT_STREQ(e.what(), "cannot pull golang: the registry answered 404; is the tag right?");
  const error plain(std::error_code(ENOENT, std::generic_category()), "open", "/x");
  EXPECT_STREQ(plain.what(), "cannot open /x: No such file or directory");
}

TEST(error, keeps_the_first_failure_beside_those_of_the_cleanup) {
  const error e = error(errc::corrupt, "unpack", "layer").with_cleanup_failures("cgroup: busy");
  EXPECT_EQ(e.code(), errc::corrupt);
  EXPECT_NE(std::string(e.what()).find("while undoing it: cgroup: busy"), std::string::npos);
}

TEST(is_cancelled, knows_both_spellings_of_it_and_nothing_else) {
  EXPECT_TRUE(is_cancelled(std::make_exception_ptr(cancelled(cancel_reason::user))));
  EXPECT_TRUE(
      is_cancelled(std::make_exception_ptr(boost::system::system_error(boost::asio::error::operation_aborted))));
  EXPECT_FALSE(is_cancelled(std::make_exception_ptr(error(errc::timed_out, "a", "b"))));
  EXPECT_FALSE(is_cancelled(nullptr));
}

// Issue 11, 2.16: a failure that is the reason of another brings its remedy once.
TEST(error, within_another_it_keeps_one_remedy) {
  const error full(std::error_code(ENOSPC, std::generic_category()), "write", "x");
  const error layer = full.within("unpack layer", "sha256:1");
  const std::string text = layer.what();
  EXPECT_EQ(text.find("cannot unpack layer sha256:1: cannot write x: No space left on device; "), 0u) << text;
  EXPECT_EQ(text.find("free some space"), text.rfind("free some space")) << text;
  EXPECT_EQ(layer.code(), full.code());
}

}  // namespace
}  // namespace lxr
