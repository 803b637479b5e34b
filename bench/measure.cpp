// SPDX-License-Identifier: Apache-2.0
// Runs a command once and prints, as JSON, its wall time, the processor time of it and of all it waited for, and the
// peak memory of the largest of these processes. Its output goes to standard error; its exit status is ours.
//   measure COMMAND...
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace {
double ms(const timeval& t) { return static_cast<double>(t.tv_sec) * 1000 + static_cast<double>(t.tv_usec) / 1000; }
}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, 2, 1);
  pid_t pid = 0;
  const auto begin = std::chrono::steady_clock::now();
  if (::posix_spawnp(&pid, argv[1], &actions, nullptr, argv + 1, environ) != 0) {
    std::perror(argv[1]);
    return 1;
  }
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  const double wall = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  std::printf("{\"wall_ms\":%.3f,\"cpu_ms\":%.3f,\"peak_kb\":%ld}\n", wall, ms(usage.ru_utime) + ms(usage.ru_stime),
              usage.ru_maxrss);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
