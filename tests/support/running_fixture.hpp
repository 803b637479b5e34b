// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/async/readiness.hpp"
#include "core/async/run.hpp"
#include "core/model/container_state.hpp"
#include "io/cgroup/layout.hpp"
#include "io/process/child_process.hpp"
#include "tests/support/state_fixture.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr::test {

// Containers whose first process is a child of the test, and whose monitor is the test itself.
struct running_fixture : state_fixture {
  asio::io_context loop{1};
  io::cgroup::layout no_cgroups{false, dir.path()};
  std::vector<pid_t> children;

  // Forks a process that waits for a signal; `ignored` (0: none) does not end it.
  pid_t fork_process(int ignored = 0) {
    // Ignored before there is a process to be signalled.
    const auto before = ignored != 0 ? ::signal(ignored, SIG_IGN) : SIG_DFL;
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    if (ignored != 0) ::signal(ignored, before);
    children.push_back(child);
    return child;
  }

  container_state running(pid_t pid) const {
    container_state state;
    state.status = container_status::running;
    state.init = identify(pid);
    state.monitor = identify(::getpid());
    return state;
  }

  std::string make_running(const std::string& name, int ignored = 0) {
    const std::string id = make_container(name);
    save(where, id, running(fork_process(ignored)));
    return id;
  }

  // What a monitor does: waits for the end of the first process, reaps it and records its exit.
  task<void> record_exit(std::string id) {
    const container_state before = load_raw_state(where, id);
    const unique_fd process = io::process::open_pidfd(before.init.pid);
    readiness ended(loop.get_executor(), process.get());
    co_await ended.readable();
    container_state state = before;
    state.status = container_status::exited;
    state.exit_code = io::process::reap(process.get(), true)->code;
    state.init = {};
    save_ended(where, id, state);
  }

  static bool is_alive(const container_state& state) { return state.init.is_alive(); }

  ~running_fixture() override {
    for (const pid_t child : children) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }
};

}  // namespace lxr::test
