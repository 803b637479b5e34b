// SPDX-License-Identifier: Apache-2.0
#include "io/process/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::io::process {
namespace {

namespace ops = child::ops;
using child::barrier;
using child::child_report;
using child::op;

struct streams {
  unique_fd null{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  unique_fd read, write;
  streams() {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
};

void add_exec(plan_builder& b, const std::vector<std::string>& candidates, const std::vector<std::string>& argv,
              const std::vector<std::string>& envp) {
  std::string paths;
  for (const std::string& c : candidates) paths.append(c).push_back('\0');
  ops::exec exec{.candidates = b.bytes(paths)};
  exec.argv = b.list(argv);
  exec.envp = b.list(envp);
  b.add(argv.front(), exec);
}

built_plan plan_for(const streams& s, const std::vector<std::string>& argv,
                    const std::vector<std::string>& candidates) {
  plan_builder b;
  b.add("stdio", ops::use_streams{
                     .input = b.slot(s.null.get()), .output = b.slot(s.write.get()), .errors = b.slot(s.null.get())});
  b.add("descriptors", ops::close_others{});
  add_exec(b, candidates, argv, {"A=from-plan"});
  return b.build();
}

TEST(child_process, runs_the_plan_and_reports_exec) {
  streams s;
  built_plan plan =
      plan_for(s, {"sh", "-c", "echo $A; ls /proc/self/fd | wc -l; exit 5"}, {"/nonexistent/sh", "/bin/sh"});
  child_process running = child_process::spawn(plan, {});
  s.write.reset();
  const auto about = running.receive();
  ASSERT_TRUE(about);
  EXPECT_EQ(about->report.what, child_report::about_to_exec);
  EXPECT_FALSE(running.receive());                                    // end of file: exec succeeded
  EXPECT_EQ(file::read_all(s.read.get(), "pipe"), "from-plan\n4\n");  // 0 1 2 and ls' own
  EXPECT_EQ(running.wait(), 5);
}

TEST(child_process, a_failing_exec_says_which_operation_and_why) {
  streams s;
  built_plan plan = plan_for(s, {"x"}, {"/nonexistent/x", "/etc/passwd"});
  child_process running = child_process::spawn(plan, {});
  ASSERT_EQ(running.receive()->report.what, child_report::about_to_exec);
  const auto failed = running.receive();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->report.what, child_report::failed);
  EXPECT_EQ(failed->report.error, EACCES);  // found but not executable wins over not found
  EXPECT_EQ(failed->report.code, op::exec);
  EXPECT_FALSE(running.receive());
}

TEST(child_process, receiving_without_blocking_finds_nothing_while_the_child_waits) {
  streams s;
  plan_builder b;
  b.add("the parent", ops::receive{.which = barrier::link});
  add_exec(b, {"/nonexistent"}, {"x"}, {});
  built_plan plan = b.build();
  child_process running = child_process::spawn(plan, {});
  EXPECT_FALSE(running.receive(false));
  running.pass(barrier::link);
  EXPECT_TRUE(running.receive());
}

TEST(child_process, any_failing_operation_is_reported_with_its_index) {
  plan_builder b;
  b.add("first", ops::set_hostname{b.text("x")});
  b.add("second", ops::attach_over{.mount = b.slot(-1), .directory = b.text("/nonexistent")});
  built_plan plan = b.build();
  child_process running = child_process::spawn(plan, {.namespaces = 0x04000000});  // CLONE_NEWUTS: not the host's name
  const auto report = running.receive();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->report.index, 1u);
  EXPECT_EQ(report->report.error, ENOENT);
}

TEST(child_process, destruction_kills_and_reaps) {
  streams s;
  pid_t pid = 0;
  {
    built_plan plan = plan_for(s, {"sleep", "1000"}, {"/bin/sleep"});
    child_process running = child_process::spawn(plan, {});
    pid = running.pid();
    ASSERT_TRUE(running.receive());
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// What a plan forks works in our memory: an end at any moment takes it along.
TEST(child_process, destruction_kills_what_the_plan_forked) {
  for (int moment = 0; moment < 300; ++moment) {
    plan_builder b;
    b.add("process", ops::fork_again{});
    b.add("word", ops::receive{.which = barrier::link});
    built_plan plan = b.build();
    {
      const child_process running = child_process::spawn(plan, {.forks = true});
      volatile int spin = 0;
      while (spin < moment * 300) {
        spin = spin + 1;
      }
    }
    ASSERT_EQ(::waitpid(-1, nullptr, WNOHANG | __WALL), -1) << "moment " << moment;
    ASSERT_EQ(errno, ECHILD);
  }
}

TEST(child_process, moving_leaves_one_owner) {
  streams s;
  built_plan plan = plan_for(s, {"sh", "-c", "exit 3"}, {"/bin/sh"});
  child_process a = child_process::spawn(plan, {});
  child_process b(std::move(a));
  EXPECT_EQ(a.pid(), 0);
  EXPECT_EQ(b.wait(), 3);
}

TEST(child_process, a_parent_that_gives_up_ends_a_waiting_child) {
  plan_builder b;
  b.add("go", ops::receive{.which = barrier::link});
  built_plan plan = b.build();
  child_process running = child_process::spawn(plan, {});
  running.close_channel();
  EXPECT_EQ(running.wait(), 1);
}

TEST(reap, tells_signals_from_exit_codes) {
  streams s;
  built_plan plan = plan_for(s, {"sh", "-c", "kill -TERM $$"}, {"/bin/sh"});
  child_process running = child_process::spawn(plan, {});
  const auto status = reap(running.pidfd(), true);
  running.release();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 128 + SIGTERM);
  EXPECT_TRUE(status->signalled);
}

// A child is born without descriptors of high numbers while there are many of them.
TEST(child_process, descriptors_with_high_numbers_are_not_inherited) {
  std::vector<unique_fd> kept;
  for (int i = 0; i < 300; ++i)
    kept.push_back(move_to_high_number(unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  EXPECT_GE(kept.back().get(), 512);
  plan_builder builder;
  builder.add("namespaces", ops::unshare{});
  builder.add("namespaces", ops::tell{child::child_report::separated});
  builder.add("word", ops::receive{.which = barrier::link});
  built_plan plan = builder.build();
  child_process running = child_process::spawn(plan, {});
  const auto separated = running.receive();
  ASSERT_TRUE(separated);
  EXPECT_EQ(separated->report.what, child_report::separated);
  EXPECT_LT(file::list_at(AT_FDCWD, "/proc/" + std::to_string(running.pid()) + "/fd").size(), 64u);
  EXPECT_EQ(::fcntl(kept.back().get(), F_GETFD), FD_CLOEXEC) << "ours are still there";
  running.pass(barrier::link);
  EXPECT_FALSE(running.receive()) << "its end of the channel went with it";

  // Unless it needs one of them.
  plan_builder needy;
  needy.slot(kept.back().get());
  needy.add("namespaces", ops::unshare{});
  needy.add("namespaces", ops::tell{child::child_report::separated});
  needy.add("word", ops::receive{.which = barrier::link});
  built_plan other = needy.build();
  child_process with = child_process::spawn(other, {});
  ASSERT_TRUE(with.receive());
  EXPECT_EQ(
      ::access(("/proc/" + std::to_string(with.pid()) + "/fd/" + std::to_string(kept.back().get())).c_str(), F_OK), 0);
}

// Another child, born before the first one had a table of its own, must not keep that one's end from being seen.
TEST(child_process, an_end_is_seen_while_a_younger_child_waits) {
  std::vector<unique_fd> kept;
  for (int i = 0; i < 300; ++i)
    kept.push_back(move_to_high_number(unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))));
  plan_builder builder;
  builder.add("namespaces", ops::unshare{});
  builder.add("namespaces", ops::tell{child::child_report::separated});
  builder.add("word", ops::receive{.which = barrier::link});
  built_plan first = builder.build(), second = first;
  child_process older = child_process::spawn(first, {});
  EXPECT_TRUE(older.has_silent_end());
  child_process younger = child_process::spawn(second, {});
  ASSERT_TRUE(older.receive());
  EXPECT_FALSE(older.has_silent_end());
  ASSERT_TRUE(younger.receive());
  older.pass(barrier::link);
  EXPECT_FALSE(older.receive());
}

}  // namespace
}  // namespace lxr::io::process
