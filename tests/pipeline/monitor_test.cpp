// SPDX-License-Identifier: Apache-2.0
#include "pipeline/monitor/monitor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "io/process/plan_builder.hpp"
#include "tests/support/no_events.hpp"
#include "tests/support/state_fixture.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr::monitor {
namespace {

namespace ops = io::child::ops;

struct ends {
  unique_fd read, write;
  explicit ends(int flags = 0) {
    int fds[2];
    EXPECT_EQ(::pipe2(fds, O_CLOEXEC | flags), 0);
    read.reset(fds[0]);
    write.reset(fds[1]);
  }
};

// Containers that are only a shell: no namespaces, no root of their own.
struct monitored : test::state_fixture {
  asio::io_context loop{1};
  test::no_events events;
  container::engine engine{where, loop.get_executor(), events};
  monitor watcher{engine};
  int code = -1, launches = 0;

  monitored() { ::signal(SIGPIPE, SIG_IGN); }  // as lxr does: a client that has gone is an answer of write(2)
  ~monitored() override { ::signal(SIGPIPE, SIG_DFL); }

  container::launched launch(const std::string& script, bool auto_remove = false) {
    container::launched out;
    const std::string id = make_container("box" + std::to_string(++launches), auto_remove);
    out.config = load_config(where, id);
    ends output, errors;
    const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    io::process::plan_builder b;
    b.add("stdio",
          ops::use_streams{
              .input = b.slot(null.get()), .output = b.slot(output.write.get()), .errors = b.slot(errors.write.get())});
    b.add("descriptors", ops::close_others{});
    ops::exec exec{.candidates = b.bytes(std::string("/bin/sh\0", 8))};
    exec.argv = b.list({"sh", "-c", script});
    exec.envp = b.list({"PATH=/usr/bin:/bin"});
    b.add("sh", exec);
    io::process::built_plan plan = b.build();
    out.process = io::process::child_process::spawn(plan, {});
    while (out.process.receive()) {  // until exec has succeeded: the plan must live as long
    }
    out.process.close_channel();
    out.output = std::move(output.read);
    out.errors = std::move(errors.read);
    out.state.status = container_status::running;
    out.state.init = identify(out.process.pid());
    out.state.monitor = identify(::getpid());
    save(where, id, out.state);
    return out;
  }
  monitor::on_exit note_code() {
    return [this](int c) { code = c; };
  }
  std::string log_of(const std::string& id, const std::string& stream) const {
    std::string out;
    const std::string text = file::read_at(where.root_fd(), "containers/" + id + "/log", 64u << 20).value_or("");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      log_line line;
      EXPECT_TRUE(parse_log_line(std::string_view(text).substr(at, end - at), line));
      if (line.stream == stream) out.append(line.text).append(line.complete ? "\n" : "");
      at = end + 1;
    }
    return out;
  }
};

TEST_F(monitored, output_goes_to_the_log_and_the_exit_into_the_record) {
  auto one = launch("echo out; echo err >&2; exit 3");
  const std::string id = one.config.id;
  watcher.watch(std::move(one), {}, note_code());
  run(loop, watcher.run());
  EXPECT_EQ(code, 3);
  EXPECT_EQ(log_of(id, "stdout"), "out\n");
  EXPECT_EQ(log_of(id, "stderr"), "err\n");
  const container_state state = load_state(where, id);
  EXPECT_EQ(state.status, container_status::exited);
  EXPECT_EQ(state.exit_code, 3);
  EXPECT_GT(state.finished_ns, 0);
  EXPECT_EQ(state.init.pid, 0);
}

TEST_F(monitored, a_client_sees_what_the_log_sees) {
  ends client(O_NONBLOCK);
  client_streams streams;
  streams.output = std::move(client.write);
  auto one = launch("echo hello");
  const std::string id = one.config.id;
  watcher.watch(std::move(one), std::move(streams), note_code());
  run(loop, watcher.run());
  EXPECT_EQ(file::read_all(client.read.get(), "client"), "hello\n");
  EXPECT_EQ(log_of(id, "stdout"), "hello\n");
}

TEST_F(monitored, a_client_that_is_slow_gets_everything_and_one_that_left_holds_nothing_up) {
  ends slow(O_NONBLOCK), gone(O_NONBLOCK);
  client_streams to_slow, to_gone;
  to_slow.output = std::move(slow.write);
  to_gone.output = std::move(gone.write);
  gone.read.reset();
  constexpr std::size_t size = 1u << 20;  // more than the pipe and the backlog hold
  const std::string script = "head -c " + std::to_string(size) + " /dev/zero | tr '\\0' x";
  auto a = launch(script), b = launch(script);
  const std::string id = b.config.id;
  watcher.watch(std::move(a), std::move(to_slow), note_code());
  int other = -1;
  watcher.watch(std::move(b), std::move(to_gone), [&other](int c) { other = c; });
  test::spawned watching(loop, watcher.run());
  std::string seen;
  char buffer[4096];
  while (!watching.done()) {
    loop.restart();
    loop.run_one();
    const ssize_t got = ::read(slow.read.get(), buffer, sizeof buffer);
    if (got > 0) seen.append(buffer, static_cast<std::size_t>(got));
  }
  ::fcntl(slow.read.get(), F_SETFL, 0);
  seen += file::read_all(slow.read.get(), "client");
  EXPECT_EQ(seen.size(), size);
  EXPECT_EQ(log_of(id, "stdout").size(), size);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(other, 0);
}

TEST_F(monitored, a_container_with_rm_is_gone_after_its_exit) {
  auto one = launch("exit 4", true);
  const std::string id = one.config.id;
  watcher.watch(std::move(one), {}, note_code());
  run(loop, watcher.run());
  EXPECT_EQ(code, 4);
  EXPECT_TRUE(list_containers(where).empty());
  EXPECT_TRUE(file::list_at(where.state_fd(), "names").empty());
}

TEST_F(monitored, of_those_whose_client_left_only_one_with_rm_is_stopped) {
  auto kept = launch("exec sleep 1000"), removed = launch("exec sleep 1000", true);
  const std::string kept_id = kept.config.id, removed_id = removed.config.id;
  const process_identity kept_process = kept.state.init;
  int kept_code = -1;
  watcher.watch(std::move(kept), {}, [&kept_code](int c) { kept_code = c; });
  watcher.watch(std::move(removed), {}, note_code());
  watcher.abandon(kept_id);
  watcher.abandon(removed_id);
  test::spawned watching(loop, watcher.run());
  while (code < 0) loop.run_one();
  EXPECT_EQ(code, 128 + SIGTERM);
  EXPECT_TRUE(kept_process.is_alive());
  watcher.send_signal(kept_id, SIGUSR1);  // SIGINT is ignored where the tests run in the background
  while (!watching.done()) loop.run_one();
  EXPECT_EQ(kept_code, 128 + SIGUSR1);
}

TEST_F(monitored, cancelled_it_copies_no_more_but_records_the_exits) {
  auto one = launch("exec sleep 1000");
  const std::string id = one.config.id;
  watcher.watch(std::move(one), {}, note_code());
  test::spawned watching(loop, watcher.run());
  test::settle(loop);
  watching.cancel();
  test::settle(loop);
  EXPECT_FALSE(watching.done());
  watcher.send_signal(id, SIGKILL);
  loop.restart();
  loop.run();
  EXPECT_TRUE(watching.was_cancelled());
  EXPECT_EQ(code, 128 + SIGKILL);
  EXPECT_EQ(load_state(where, id).status, container_status::exited);
}

TEST_F(monitored, destroyed_while_idle) {
  const monitor unused(engine);
  EXPECT_EQ(unused.watched(), 0u);
}

}  // namespace
}  // namespace lxr::monitor
