// SPDX-License-Identifier: Apache-2.0
#include "core/async/readiness.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "core/base/unique_fd.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr {
namespace {

using test::settle;
using test::spawned;

struct pipe_ends {
  unique_fd read, write;
  pipe_ends() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::pipe2(fds.data(), O_CLOEXEC), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
};

struct either : testing::Test {
  asio::io_context loop;
  pipe_ends a, b;
  readiness first{loop.get_executor(), a.read.get()}, second{loop.get_executor(), b.read.get()};
};

TEST_F(either, returns_when_one_can_be_read) {
  for (pipe_ends* one : {&a, &b}) {
    spawned waiting(loop, readiness::either_readable(first, second));
    settle(loop);
    EXPECT_FALSE(waiting.done());
    ASSERT_EQ(::write(one->write.get(), "x", 1), 1);
    settle(loop);
    EXPECT_TRUE(waiting.succeeded());
    char byte = 0;
    ASSERT_EQ(::read(one->read.get(), &byte, 1), 1);
  }
}

TEST_F(either, can_be_waited_for_again_and_alone) {
  b.write.reset();  // an end of file can be read as well
  spawned both(loop, readiness::either_readable(first, second));
  settle(loop);
  EXPECT_TRUE(both.succeeded());
  spawned alone(loop, first.readable());
  settle(loop);
  EXPECT_FALSE(alone.done());
  a.write.reset();
  settle(loop);
  EXPECT_TRUE(alone.succeeded());
}

TEST_F(either, is_cancelled_as_one) {
  spawned waiting(loop, readiness::either_readable(first, second));
  settle(loop);
  waiting.cancel();
  settle(loop);
  EXPECT_TRUE(waiting.was_cancelled());
}

// Issue 11, 1.3: others may share the descriptor, and waitid(P_PIDFD) does not wait on a non-blocking one.
TEST_F(either, leaves_the_flags_of_its_descriptors_alone) {
  EXPECT_EQ(::fcntl(a.read.get(), F_GETFL) & O_NONBLOCK, 0);
  spawned waiting(loop, first.readable());
  settle(loop);
  EXPECT_EQ(::fcntl(a.read.get(), F_GETFL) & O_NONBLOCK, 0);
  a.write.reset();
  settle(loop);
  EXPECT_TRUE(waiting.succeeded());
  EXPECT_EQ(::fcntl(a.read.get(), F_GETFL) & O_NONBLOCK, 0);
}

// Issue 11, 1.21: what the kernel refuses to watch is an error of lxr's, not of Asio's.
TEST_F(either, refuses_what_cannot_be_watched) { EXPECT_THROW(readiness(loop.get_executor(), -1), error); }

}  // namespace
}  // namespace lxr
