// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace lxr::test {

// Runs `body` in a process and a network namespace of its own; the test passes when it returns true.
template <class Body>
void in_own_network(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    bool good = false;
    try {
      good = ::unshare(CLONE_NEWNET) == 0 && body();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
    ::_exit(good && !testing::Test::HasFailure() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace lxr::test
