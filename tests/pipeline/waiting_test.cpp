// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/waiting.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/model/container_state.hpp"
#include "io/child/launch_plan.hpp"
#include "pipeline/launch/start_socket.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr::container {
namespace {

using io::child::child_report;
using io::child::op;

// A created container whose first process is played by a child of the test.
struct start_socket : test::state_fixture {
  std::string id = make_container("box");

  start_socket() {
    container_state created;
    created.init = created.monitor = identify(::getpid());
    save(where, id, created);
    mark_waiting(where, id);
  }

  // Accepts one connection, sends these bytes as one message each, and ends.
  pid_t answer_with(const std::vector<std::string>& messages) const {
    const unique_fd listener = launch::listen_for_start(open_state_dir(where, id)->get());
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int peer = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
    for (const std::string& m : messages) ::send(peer, m.data(), m.size(), MSG_NOSIGNAL);
    ::_exit(0);
  }
  static std::string bytes_of(const child_report& report) {
    return {reinterpret_cast<const char*>(&report), sizeof report};
  }

  error refusal_with(const std::vector<std::string>& messages) const {
    const pid_t child = answer_with(messages);
    error out(errc::protocol, "", "it was started");
    try {
      start_waiting(where, id);
    } catch (const error& e) {
      out = e;
    }
    ::waitpid(child, nullptr, 0);
    return out;
  }
};

const child_report about_to_exec{child_report::about_to_exec, 0, 0, op::exec, 0};

TEST_F(start_socket, once_it_has_become_its_program_it_runs) {
  const pid_t child = answer_with({bytes_of(about_to_exec)});
  start_waiting(where, id);
  ::waitpid(child, nullptr, 0);
  const container_state state = load_raw_state(where, id);
  EXPECT_EQ(state.status, container_status::running);
  EXPECT_GT(state.started_ns, 0);
  EXPECT_FALSE(file::read_at(where.root_fd(), "containers/" + id + "/waiting")) << "it waits no more";
}

TEST_F(start_socket, a_program_that_cannot_be_executed_is_told_as_run_tells_it) {
  const error e = refusal_with({bytes_of(about_to_exec), bytes_of({child_report::failed, 3, ENOENT, op::exec, 0})});
  EXPECT_EQ(e.code(), errc::command_not_found) << e.what();
}

TEST_F(start_socket, one_that_was_killed_is_told) {
  const error e = refusal_with({});
  EXPECT_EQ(e.code(), errc::conflict);
  EXPECT_NE(std::string(e.what()).find("killed before it could start"), std::string::npos) << e.what();
}

TEST_F(start_socket, a_report_of_another_version_is_told_with_a_remedy) {
  const error e = refusal_with({"short"});
  EXPECT_EQ(e.code(), errc::conflict);
  EXPECT_NE(std::string(e.what()).find("another version of lxr"), std::string::npos) << e.what();
  EXPECT_NE(std::string(e.what()).find("create it again"), std::string::npos) << e.what();
}

TEST_F(start_socket, where_nobody_listens_the_record_stays_as_it_was) {
  launch::listen_for_start(open_state_dir(where, id)->get()).reset();
  EXPECT_THROW(start_waiting(where, id), error);
  EXPECT_EQ(load_raw_state(where, id).status, container_status::created);
  EXPECT_THROW(start_waiting(where, new_container_id()), error);
}

}  // namespace
}  // namespace lxr::container
