// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/messages.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "core/base/unique_fd.hpp"

namespace lxr::image_worker {
namespace {

// An error as the other program sees it.
error through_a_message(const std::exception_ptr& failure) {
  int pair[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  const unique_fd ours(pair[0]), theirs(pair[1]);
  send_message(theirs.get(), error_message(failure));
  try {
    throw_error_message(receive_message(ours.get()).value());
  } catch (const error& e) {
    return e;
  }
}

// Issue 11, 1.14: paths and words have any bytes, which JSON of other programs forbids.
TEST(receive_message, keeps_bytes_that_are_no_utf8) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  const unique_fd ours(pair[0]), theirs(pair[1]);
  send_message(theirs.get(), {{"root", "/a\xff\x80/b"}});
  EXPECT_EQ(json::get_string(receive_message(ours.get()).value(), "root"), "/a\xff\x80/b");
}

TEST(error_message, comes_back_as_it_was) {
  const error e(errc::corrupt, "unpack", "layer 1", "its tar is damaged", "pull it again");
  const error back = through_a_message(std::make_exception_ptr(e));
  EXPECT_EQ(back.code(), errc::corrupt);
  EXPECT_STREQ(back.what(), e.what());
  const error full = through_a_message(
      std::make_exception_ptr(error(std::make_error_code(std::errc::no_space_on_device), "write to", "file")));
  EXPECT_EQ(full.code(), std::errc::no_space_on_device);
  EXPECT_EQ(through_a_message(std::make_exception_ptr(std::runtime_error("odd"))).reason(), "odd");
}

TEST(error_message, of_any_size_and_any_bytes_fits) {
  std::string euros;
  for (int i = 0; i < 5000; ++i) euros += "\u20ac";  // three bytes each
  for (const std::string& text :
       {std::string(100'000, '\xff'), std::string(100'000, '"'), std::string(100'000, '\1'), euros}) {
    const error back = through_a_message(std::make_exception_ptr(error(errc::protocol, text, text, text, text)));
    EXPECT_EQ(back.code(), errc::protocol);
    EXPECT_LE(back.reason().size(), 4096u);
    EXPECT_GT(back.reason().size(), 4090u);
    EXPECT_TRUE(json::is_utf8(back.reason()));
  }
}

}  // namespace
}  // namespace lxr::image_worker
