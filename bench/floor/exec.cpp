// SPDX-License-Identifier: Apache-2.0
// Floor of `exec`: another process with the isolation of a running container.
//   floor_exec PID PROGRAM [ARGUMENT ...]
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "bench/floor/container.hpp"

int main(int argc, char** argv) {
  using namespace lxr::floor;
  if (argc < 3) return 2;
  const long pidfd = must(::syscall(SYS_pidfd_open, std::atoi(argv[1]), 0), "pidfd_open");
  must(::syscall(SYS_setns, pidfd,
                 CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP),
       "setns");
  const pid_t pid = ::fork();
  if (pid == 0) {
    give_up_privileges();
    char* envp[] = {nullptr};
    ::execve(argv[2], argv + 2, envp);
    must(-1, "exec");
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
