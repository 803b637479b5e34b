// SPDX-License-Identifier: Apache-2.0
// The init process of a container whose program does not want to be one (`lxr run --init`).
#include <linux/prctl.h>
#include <linux/wait.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <time.h>

#include "io/child/context.hpp"

namespace lxr::io::child {
namespace {

constexpr unsigned long every_signal = ~0UL;
constexpr int exited_by_signal = 128;

// Reaps what has ended. Returns the exit code of `program` when that is among it, else -1.
long reap_ended(long program) {
  for (;;) {
    int status = 0;
    const long pid = call(SYS_wait4, -1, word(&status), WNOHANG, 0);
    if (pid <= 0) return -1;
    if (pid != program) continue;
    const int signal = status & 0x7f;
    return signal != 0 ? exited_by_signal + signal : status >> 8 & 0xff;
  }
}

// Sends every signal on to the program, reaps orphans, and ends with the program's exit code.
[[noreturn]] void supervise(long program) {
  call(SYS_close_range, 3, ~0U, 0);
  for (;;) {
    const long signal = call(SYS_rt_sigtimedwait, word(&every_signal), 0, 0, 8);
    if (signal == SIGCHLD) {
      const long code = reap_ended(program);
      if (code >= 0) leave(static_cast<int>(code));
    } else if (signal > 0) {
      call(SYS_kill, program, signal);
    }
  }
}

}  // namespace

// All signals are blocked before the fork: the first process of a pid namespace does not get those with a default
// action otherwise (pid_namespaces(7)), and none is lost. clone(2), because seccomp profiles answer ENOSYS to clone3.
long become_reaper() noexcept {
  call(SYS_rt_sigprocmask, SIG_BLOCK, word(&every_signal), 0, 8);
  call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // where it is not the first of its pid namespace
  const long program = call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (program < 0) return program;
  if (program > 0) {
    call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
    call(SYS_prctl, PR_SET_NAME, word("lxr-init"), 0, 0, 0);  // not that of the memfd that it was executed from
    supervise(program);
  }
  // A process group of its own, in the foreground of the terminal, if there is one.
  call(SYS_setpgid, 0, 0);
  int group = static_cast<int>(call(SYS_getpid));
  call(SYS_ioctl, 0, TIOCSPGRP, word(&group));
  return 0;
}

}  // namespace lxr::io::child
