// SPDX-License-Identifier: Apache-2.0
#include "cli/attach/relay.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/file.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::cli {
namespace {

struct pipe_ends {
  unique_fd read, write;
  pipe_ends() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
  void put(const std::string& bytes) const { file::write_all(write.get(), bytes, "pipe"); }
  // Everything that was written, to the end: closes the writing end.
  std::string all() {
    write.reset();
    return file::read_all(read.get(), "pipe");
  }
};

// A person's and a container's streams, and the event that ends the session.
struct relays : testing::Test {
  pipe_ends typed, to_container, from_container, shown;
  unique_fd ended{::eventfd(0, EFD_CLOEXEC)};
  int inputs_closed = 0;

  relays() {
    block_signals();
    ::fcntl(to_container.write.get(), F_SETFL, O_NONBLOCK);
  }
  ~relays() override { unblock_signals(); }

  void end_session() const { ::eventfd_write(ended.get(), 1); }
  void connect(relay& r, const std::string& detach_keys = {}) {
    r.copy_input(typed.read.get(), to_container.write.get(), detach_keys, [this] { ++inputs_closed; });
    r.copy_output(from_container.read.get(), shown.write.get());
    r.until(ended.get(), [] { return true; });
  }
};

TEST_F(relays, output_that_came_before_the_end_is_shown) {
  relay r;
  connect(r);
  const std::string large(60'000, 'o');  // as much as a pipe holds
  from_container.put(large);
  end_session();
  from_container.write.reset();
  r.run();
  EXPECT_EQ(shown.all(), large);
  EXPECT_FALSE(r.detached());
  EXPECT_EQ(r.left_by(), 0);
  EXPECT_EQ(r.output_failure(), 0);
}

TEST_F(relays, the_end_of_input_is_told_once_and_the_rest_goes_on) {
  relay r;
  connect(r);
  typed.put("last words");
  typed.write.reset();
  r.copy_input(typed.read.get(), to_container.write.get(), "", [&] {
    ++inputs_closed;
    from_container.put("answer");  // what the container says to its end of input
    from_container.write.reset();
    end_session();
  });
  r.run();
  EXPECT_EQ(inputs_closed, 1);
  EXPECT_EQ(to_container.all(), "last words");
  EXPECT_EQ(shown.all(), "answer");
}

TEST_F(relays, the_detach_keys_end_it_and_are_not_passed_on) {
  relay r;
  connect(r, "\x10\x11");
  typed.put(
      "a\x10"
      "b\x10\x10\x11ignored");
  r.run();
  EXPECT_TRUE(r.detached());
  EXPECT_EQ(to_container.all(),
            "a\x10"
            "b\x10")
      << "all that was typed before";
}

TEST_F(relays, a_part_of_the_detach_keys_was_meant_for_the_container) {
  relay r;
  connect(r, "\x10\x11");
  typed.put("a\x10");
  typed.put("b");
  typed.write.reset();
  end_session();
  from_container.write.reset();
  r.run();
  EXPECT_FALSE(r.detached());
  EXPECT_EQ(to_container.all(),
            "a\x10"
            "b");
}

TEST_F(relays, input_for_a_container_that_reads_no_more_is_dropped) {
  relay r;
  connect(r);
  to_container.read.reset();
  typed.put("nobody");
  end_session();
  from_container.put("still shown");
  from_container.write.reset();
  r.run();
  EXPECT_EQ(shown.all(), "still shown");
}

TEST_F(relays, an_output_that_nobody_reads_ends_only_itself) {
  relay r;
  pipe_ends errors, shown_errors;
  connect(r);
  r.copy_output(errors.read.get(), shown_errors.write.get());
  shown_errors.read.reset();
  errors.put("lost");
  from_container.put("kept");
  errors.write.reset();
  from_container.write.reset();
  end_session();
  r.run();
  EXPECT_EQ(shown.all(), "kept");
  EXPECT_EQ(r.output_failure(), 0) << "that is for standard output only";
}

TEST_F(relays, signals_are_handed_on_and_the_third_request_to_end_leaves) {
  relay r;
  connect(r);
  std::vector<int> seen;
  r.on_signal([&](int number) {
    seen.push_back(number);
    if (seen.size() < 4) ::kill(::getpid(), seen.size() == 1 ? SIGTERM : SIGINT);
  });
  ::kill(::getpid(), SIGWINCH);
  r.run();
  EXPECT_EQ(seen, (std::vector{SIGWINCH, SIGTERM, SIGINT, SIGINT}));
  EXPECT_EQ(r.left_by(), SIGINT);
  EXPECT_EQ(r.report_leaving(), 128 + SIGINT);
}

TEST_F(relays, a_terminal_that_hangs_up_ends_it) {
  relay r;
  connect(r);
  ::kill(::getpid(), SIGHUP);
  r.run();
  EXPECT_EQ(r.left_by(), SIGHUP);
}

TEST_F(relays, an_event_that_is_not_the_end_goes_on) {
  relay r;
  connect(r);
  int asked = 0;
  r.until(ended.get(), [&] {
    eventfd_t value = 0;
    ::eventfd_read(ended.get(), &value);
    if (++asked == 1) end_session();
    return asked == 2;
  });
  end_session();
  from_container.write.reset();
  r.run();
  EXPECT_EQ(asked, 2);
}

}  // namespace
}  // namespace lxr::cli
