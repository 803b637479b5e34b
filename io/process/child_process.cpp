#include "io/process/child_process.hpp"

#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/base/error.hpp"
#include "io/process/raw_syscall.hpp"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace lxr::io::process {
namespace {

[[noreturn]] void clone_failed(int code, std::uint64_t flags) {
  if (code == EPERM) throw error(errc::not_permitted, "create namespaces", "", "the kernel refused clone3", "run lxr as root");
  if (code == EINVAL || code == ENOSYS) {
    const char* const missing = (flags & CLONE_NEWNET) != 0 ? "namespaces (CONFIG_NAMESPACES, _PID_NS, _NET_NS, _IPC_NS, _UTS_NS)"
                                                            : "clone3 with CLONE_INTO_CGROUP";
    throw error(errc::unsupported, "create a container process", "", std::string("the kernel lacks ") + missing,
                "Linux 5.7 or newer is needed");
  }
  if (code == ENOSPC || code == EUSERS) {
    throw error(errc::exhausted, "create namespaces", "", "a limit in /proc/sys/user/max_*_namespaces is reached");
  }
  throw_errno(code, "create a container process", "");
}

}  // namespace

child_process child_process::spawn(launch_plan* plan, const options& how) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) throw_errno("create", "socket pair");
  child_process child;
  child.channel_ = unique_fd(pair[0]);
  const unique_fd theirs(pair[1]);
  int pidfd = -1;
  clone_args args{};
  args.flags = how.namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (how.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(how.cgroup);
  }
  const long pid = ::syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) {
    raw::call(SYS_close, pair[0]);  // else our own copy of the parent's end would keep its end of file from us
    run_plan(plan, 0, theirs.get(), -1);
  }
  if (pid < 0) clone_failed(errno, args.flags);
  child.pid_ = static_cast<pid_t>(pid);
  child.pidfd_ = unique_fd(pidfd);
  return child;
}

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(channel_, other.channel_);
  return *this;
}

child_process::~child_process() {
  if (pid_ == 0 || !pidfd_) return;
  const int saved = errno;
  send_signal(pidfd_.get(), SIGKILL);
  wait();
  errno = saved;
}

void child_process::send(std::span<const int> descriptors) const {
  char byte = 'g';
  iovec vec{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 8)] = {};
  msghdr header{};
  header.msg_iov = &vec;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    auto* rights = reinterpret_cast<cmsghdr*>(control);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  }
  // A child that died leaves EPIPE here; its report, read next, says why.
  if (::sendmsg(channel_.get(), &header, MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET) {
    throw_errno("send to", "container process");
  }
}

std::optional<child_process::message> child_process::receive(bool block) const {
  message out;
  iovec vec{&out.report, sizeof out.report};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &vec;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t got;
  do {
    got = ::recvmsg(channel_.get(), &header, MSG_CMSG_CLOEXEC | (block ? 0 : MSG_DONTWAIT));
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno != ECONNRESET && errno != EAGAIN) throw_errno("receive from", "container process");
  if (got < static_cast<ssize_t>(sizeof out.report)) return std::nullopt;
  if (const cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr && c->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
    out.descriptor = unique_fd(fd);
  }
  return out;
}

void child_process::become(pid_t successor) {
  unique_fd next = open_pidfd(successor);
  wait();
  pid_ = successor;
  pidfd_ = std::move(next);
}

int child_process::wait() noexcept {
  const auto status = reap(pidfd_.get(), true);
  pid_ = 0;
  return status ? status->code : 0;
}

std::optional<exit_status> reap(int pidfd, bool block) {
  siginfo_t info{};
  int done;
  do {
    done = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info, WEXITED | __WALL | (block ? 0 : WNOHANG));
  } while (done != 0 && errno == EINTR);
  if (done != 0 || info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return exit_status{info.si_status, false};
  return exit_status{128 + info.si_status, true};
}

unique_fd open_pidfd(pid_t pid) {
  unique_fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) throw_errno("open process", std::to_string(pid));
  return fd;
}

void send_signal(int pidfd, int number) noexcept { ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0); }

}  // namespace lxr::io::process
