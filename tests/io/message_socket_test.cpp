// SPDX-License-Identifier: Apache-2.0
#include "io/channel/message_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "io/channel/pipe.hpp"

namespace lxr::io::channel {
namespace {

bool is_close_on_exec(int fd) { return (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0; }

TEST(message_socket, keeps_messages_whole_and_apart) {
  const socket_pair pair = make_socket_pair();
  EXPECT_TRUE(is_close_on_exec(pair.ours.get()) && is_close_on_exec(pair.theirs.get()));
  EXPECT_TRUE(send_message(pair.ours.get(), as_bytes("one"), "peer"));
  EXPECT_TRUE(send_message(pair.ours.get(), as_bytes("three"), "peer"));
  std::array<std::byte, 16> buffer;
  for (const std::string_view expected : {"one", "three"}) {
    const received_message got = receive_message(pair.theirs.get(), buffer, "peer");
    ASSERT_EQ(got.what, received_message::message);
    EXPECT_EQ(as_text(std::span(buffer).first(got.size)), expected);
    EXPECT_FALSE(got.descriptor);
  }
}

TEST(message_socket, tells_no_message_yet_from_the_end) {
  socket_pair pair = make_socket_pair();
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(receive_message(pair.theirs.get(), buffer, "peer", wait_for_message::no).what, received_message::none_yet);
  pair.ours.reset();
  EXPECT_EQ(receive_message(pair.theirs.get(), buffer, "peer", wait_for_message::no).what,
            received_message::end_of_file);
  EXPECT_EQ(receive_message(pair.theirs.get(), buffer, "peer").what, received_message::end_of_file);
  EXPECT_FALSE(send_message(pair.theirs.get(), as_bytes("x"), "peer"));
}

TEST(message_socket, a_peer_that_closes_with_messages_unread_is_an_end) {
  socket_pair pair = make_socket_pair();
  EXPECT_TRUE(send_message(pair.ours.get(), as_bytes("unread"), "peer"));
  pair.theirs.reset();  // the kernel answers ECONNRESET
  std::array<std::byte, 16> buffer;
  EXPECT_EQ(receive_message(pair.ours.get(), buffer, "peer").what, received_message::end_of_file);
}

TEST(message_socket, carries_descriptors) {
  const socket_pair pair = make_socket_pair();
  pipe_ends pipe = make_pipe();
  ASSERT_TRUE(send_message(pair.ours.get(), as_bytes("take"), "peer", std::array{pipe.write.get()}));
  pipe.write.reset();
  std::array<std::byte, 16> buffer;
  received_message got = receive_message(pair.theirs.get(), buffer, "peer");
  ASSERT_TRUE(got.descriptor);
  EXPECT_TRUE(is_close_on_exec(got.descriptor.get()));
  EXPECT_EQ(::write(got.descriptor.get(), "x", 1), 1);
  got.descriptor.reset();
  char read[2];
  EXPECT_EQ(::read(pipe.read.get(), read, sizeof read), 1);
  EXPECT_EQ(::read(pipe.read.get(), read, sizeof read), 0) << "another copy of the descriptor is open";
}

TEST(message_socket, keeps_one_descriptor_of_several) {
  const socket_pair pair = make_socket_pair();
  pipe_ends pipe = make_pipe();
  ASSERT_TRUE(send_message(pair.ours.get(), as_bytes("take"), "peer", std::array{pipe.read.get(), pipe.write.get()}));
  pipe.write.reset();
  std::array<std::byte, 16> buffer;
  const received_message got = receive_message(pair.theirs.get(), buffer, "peer");
  EXPECT_TRUE(got.descriptor);
  char read;
  EXPECT_EQ(::read(pipe.read.get(), &read, 1), 0) << "the second descriptor is open somewhere";
}

TEST(message_socket, refuses_more_descriptors_than_a_message_carries) {
  const socket_pair pair = make_socket_pair();
  const std::vector<int> many(254, pair.ours.get());
  EXPECT_THROW(send_message(pair.ours.get(), as_bytes("x"), "peer", many), error);
  EXPECT_TRUE(send_message(pair.ours.get(), as_bytes("x"), "peer", std::span(many).first(253)));
}

TEST(message_socket, a_wait_that_the_socket_limits_fails) {
  const socket_pair pair = make_socket_pair();
  const timeval limit{0, 1000};
  ASSERT_EQ(::setsockopt(pair.ours.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
  std::array<std::byte, 16> buffer;
  EXPECT_THROW(receive_message(pair.ours.get(), buffer, "peer"), error);
}

}  // namespace
}  // namespace lxr::io::channel
