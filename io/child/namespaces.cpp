// SPDX-License-Identifier: Apache-2.0
// Operations on cgroups and namespaces, the barriers, and the change to lxr-init.
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>

#include <initializer_list>

#include "io/child/context.hpp"

namespace lxr::io::child {

long run(context& c, const ops::join_cgroup& o) noexcept {
  const long put = call(SYS_write, fd_of(c, o.tasks), word("0"), 1);
  return put < 0 ? put : 0;
}

long run(context& c, const ops::join_namespaces& o) noexcept { return call(SYS_setns, fd_of(c, o.of), o.kinds); }

// The child still has the ids of its parent, which its user namespace need not map. EPERM of setgroups(2) is no
// failure: the call is denied in a user namespace whose maps an ordinary user has written (user_namespaces(7)).
long run(context&, const ops::become_root&) noexcept {
  long done = call(SYS_setgroups, 0, 0);
  if (done == 0 || done == -EPERM) done = call(SYS_setresgid, 0, 0, 0);
  return done == 0 ? call(SYS_setresuid, 0, 0, 0) : done;
}

long run(context&, const ops::unshare& o) noexcept { return call(SYS_unshare, o.kinds); }

long run(context& c, const ops::write_setting& o) noexcept {
  const long fd = call(SYS_openat, AT_FDCWD, word(text_of(c, o.path)), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return o.is_required ? fd : 0;
  const long put = call(SYS_write, fd, word(at(c, o.value.offset)), o.value.size);
  close_fd(fd);
  return put < 0 && o.is_required ? put : 0;
}

long run(context& c, const ops::change_root& o) noexcept {
  const long done = call(SYS_fchdir, fd_of(c, o.root));
  return done < 0 ? done : call(SYS_chroot, word("."));
}

// CLONE_PARENT makes the new process a child of the parent, which can then wait for it. With CLONE_VM | CLONE_VFORK it
// runs on the caller's stack, and the caller sleeps until it executes a program or ends. CLONE_PARENT_SETTID stores its
// pid, as in the parent's pid namespace, before it runs.
long run(context& c, const ops::fork_again&) noexcept {
  const volatile int& outside = *c.plan->successor;
  clone_args args{};
  args.flags = CLONE_PARENT | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID;
  args.parent_tid = reinterpret_cast<std::uint64_t>(c.plan->successor);
  const long pid = call(SYS_clone3, word(&args), sizeof args);
  if (pid < 0) return pid;
  if (pid > 0) leave(0);
  send_report(c, child_report::forked, outside);
  return 0;
}

// Receives one message of the parent, for barrier `which`, and its `count` descriptors. At an end of file the parent
// has died or given up, and no process reads a report: the child ends without one.
static long take_message(const context& c, barrier which, int* descriptors, int count) {
  barrier_message said{};
  iovec vec{&said, sizeof said};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * message_limit)];
  msghdr message{};
  message.msg_iov = &vec;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  long got;
  do {
    got = call(SYS_recvmsg, c.channel, word(&message), MSG_CMSG_CLOEXEC);
  } while (got == -EINTR);
  if (got < 0) return got;
  if (got == 0) leave(1);
  if (got != sizeof said || said.which != which) return -EPROTO;
  if (count == 0) return 0;
  const auto* header = message.msg_controllen >= sizeof(cmsghdr) ? reinterpret_cast<const cmsghdr*>(control) : nullptr;
  if (header == nullptr || header->cmsg_len != CMSG_LEN(sizeof(int) * static_cast<unsigned>(count))) return -EPROTO;
  const auto* fds = reinterpret_cast<const int*>(CMSG_DATA(header));
  for (int i = 0; i < count; ++i) descriptors[i] = fds[i];
  return 0;
}

long run(context& c, const ops::receive& o) noexcept {
  int taken = 0;
  do {
    const int count = o.count - taken < message_limit ? o.count - taken : message_limit;
    const long done = take_message(c, o.which, o.count == 0 ? nullptr : slots(c) + o.first + taken, count);
    if (done < 0) return done;
    taken += count;
  } while (taken < o.count);
  return 0;
}

static long set_name(long number, const char* name) {
  return call(number, word(name), static_cast<long>(length(name)));
}

long run(context& c, const ops::set_hostname& o) noexcept { return set_name(SYS_sethostname, text_of(c, o.name)); }
long run(context& c, const ops::set_domainname& o) noexcept { return set_name(SYS_setdomainname, text_of(c, o.name)); }

static char* print_number(char* end, long n) {
  *--end = 0;
  do {
    *--end = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n > 0);
  return end;
}

long run(context& c, const ops::become_init& o) noexcept {
  const int init = fd_of(c, o.program), memory = fd_of(c, o.memory), listener = fd_of(c, o.listener);
  for (const int fd : {memory, listener, c.channel}) {
    if (fd < 0) continue;
    const long kept = call(SYS_fcntl, fd, F_SETFD, 0);
    if (kept < 0) return kept;
  }
  char numbers[4][16];
  char name[] = "lxr-init";
  char* argv[6] = {name,
                   print_number(numbers[0] + 16, memory),
                   print_number(numbers[1] + 16, c.index + 1),
                   print_number(numbers[2] + 16, c.channel),
                   listener < 0 ? nullptr : print_number(numbers[3] + 16, listener),
                   nullptr};
  char* envp[1] = {nullptr};
  return call(SYS_execveat, init, word(""), word(static_cast<const void*>(argv)), word(static_cast<const void*>(envp)),
              at_empty_path);
}

long run(context& c, const ops::wait_start&) noexcept {
  call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);  // a created container outlives the lxr process that created it
  send_report(c, child_report::waiting, 0);
  for (;;) {
    const long peer = call(SYS_accept4, c.listener, 0, 0, SOCK_CLOEXEC);
    if (peer == -EINTR || peer == -ECONNABORTED) continue;
    if (peer < 0) return peer;
    c.starter = static_cast<int>(peer);
    return 0;
  }
}

}  // namespace lxr::io::child
