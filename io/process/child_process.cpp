// SPDX-License-Identifier: Apache-2.0
#include "io/process/child_process.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/raw_syscall.hpp"
#include "io/channel/message_socket.hpp"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace lxr::io::process {

using child::child_report;

namespace {

[[noreturn]] void clone_failed(int code, std::uint64_t flags) {
  if (code == EPERM)
    throw error(errc::not_permitted, "create namespaces", "", "the kernel refused clone3", "run lxr as root");
  if (code == EINVAL || code == ENOSYS) {
    const char* const missing = (flags & CLONE_NEWNET) != 0
                                    ? "namespaces (CONFIG_NAMESPACES, _PID_NS, _NET_NS, _IPC_NS, _UTS_NS)"
                                    : "clone3 with CLONE_INTO_CGROUP";
    throw error(errc::unsupported, "create a container process", "", std::string("the kernel lacks ") + missing,
                "Linux 5.7 or newer is needed");
  }
  if (code == EAGAIN) {
    throw error(errc::exhausted, "create a container process", "", "a limit of processes is reached",
                "raise pids.max of the cgroup lxr runs in (for exec also --pids-limit of the container), or "
                "kernel.pid_max and kernel.threads-max");
  }
  if (code == ENOSPC || code == EUSERS) {
    throw error(errc::exhausted, "create namespaces", "", "a limit in /proc/sys/user/max_*_namespaces is reached");
  }
  throw_errno(code, "create a container process", "");
}

// move_to_high_number() gives out numbers from 512 on, for descriptors that are kept as long as a container lives;
// lower numbers are for work in progress. spawn() shares the descriptor table with a child only once numbers above 512
// + 128 are in use: the kernel copies a smaller table just as fast.
constexpr int first_high = 512, few_high = 128;
int last_high = 0;

}  // namespace

// The memory of a child's stack; its low end holds what the child begins with. Stacks are used again: to touch fresh
// pages costs more than the rest of spawn().
struct child_process::stack {
  child::launch_plan* plan;
  int channel;
  bool shares_descriptors;  // true: CLONE_FILES; the child then unshares the table before it closes anything
  const int* kept;          // the descriptors the child keeps, sorted
  std::size_t kept_count;
  static constexpr std::size_t size = 64u << 10;

  static std::vector<stack*>& spare() {
    static std::vector<stack*> list;
    return list;
  }
  static stack* take() {
    if (!spare().empty()) {
      stack* const s = spare().back();
      spare().pop_back();
      return s;
    }
    void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED) throw_errno("allocate", "stack");
    return static_cast<stack*>(memory);
  }
  static void enter(void* self) {
    const auto* const s = static_cast<stack*>(self);
    s->leave_others_behind();
    child::run_plan(s->plan, 0, s->channel, -1);
  }
  // Closes all descriptors that are not the child's. Ends of other children's channels are among them: open here, they
  // would keep the parent from seeing an end of file.
  void leave_others_behind() const {
    // First close everything above the child's highest descriptor: CLOSE_RANGE_UNSHARE copies a shared table only up to
    // there. If that fails with a shared table, the child must exit: closing descriptors would close those of the
    // parent.
    if (raw::call(SYS_close_range, kept[kept_count - 1] + 1, ~0u, shares_descriptors ? CLOSE_RANGE_UNSHARE : 0) < 0 &&
        shares_descriptors) {
      for (;;) raw::call(SYS_exit_group, 127);
    }
    long from = 3;
    for (std::size_t i = 0; i < kept_count; ++i) {
      if (kept[i] > from) raw::call(SYS_close_range, from, kept[i] - 1, 0);
      if (kept[i] >= from) from = kept[i] + 1;
    }
  }
};

void child_process::stack_deleter::operator()(stack* s) const noexcept {
  constexpr std::size_t kept = 64;  // stacks; a batch has as many starts in progress at once
  if (stack::spare().size() < kept) {
    stack::spare().push_back(s);
  } else {
    ::munmap(s, stack::size);
  }
}

namespace {

// Ints that children share with us, also those with a copy of our memory.
std::vector<int*>& spare_pids() {
  static std::vector<int*> list;
  return list;
}

int* take_shared_pid() {
  constexpr std::size_t page = 4096;
  std::vector<int*>& spare = spare_pids();
  if (spare.empty()) {
    void* const memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw_errno("allocate", "memory for a pid");
    for (std::size_t i = 0; i < page / sizeof(int); ++i) spare.push_back(static_cast<int*>(memory) + i);
  }
  int* const cell = spare.back();
  spare.pop_back();
  *cell = 0;
  return cell;
}

}  // namespace

void child_process::shared_pid_deleter::operator()(int* cell) const noexcept { spare_pids().push_back(cell); }

child_process child_process::spawn(built_plan& plan, const options& how) {
  auto [ours, theirs] = channel::make_socket_pair();
  child_process made;
  made.channel_ = std::move(ours);
  int pidfd = -1;
  clone_args args{};
  args.flags = how.namespaces | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (how.cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<std::uint64_t>(how.cgroup);
  }
  if (!how.own_memory) args.flags |= CLONE_VM;
  made.stack_.reset(stack::take());
  const bool shares = last_high > first_high + few_high && !how.own_memory;
  if (shares) args.flags |= CLONE_FILES;
  if (how.forks) {
    made.successor_.reset(take_shared_pid());
    plan.get()->successor = made.successor_.get();
  }
  stack& begin = *made.stack_;
  begin.plan = plan.get();
  begin.channel = theirs.get();
  begin.shares_descriptors = shares;
  made.kept_ = plan.inherited;  // the plan replaces descriptors 0, 1 and 2 later
  made.kept_.push_back(theirs.get());
  std::ranges::sort(made.kept_);
  begin.kept = made.kept_.data();
  begin.kept_count = made.kept_.size();
  args.stack = reinterpret_cast<std::uint64_t>(made.stack_.get());
  args.stack_size = stack::size;
  const long pid = raw::clone_onto_stack(&args, sizeof args, stack::enter, made.stack_.get());
  if (pid < 0) clone_failed(static_cast<int>(-pid), args.flags);
  made.pid_ = static_cast<pid_t>(pid);
  made.forks_ = how.forks;
  made.pidfd_ = unique_fd(pidfd);
  if (shares) made.theirs_ = std::move(theirs);
  return made;
}

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(outer_, other.outer_);
  std::swap(channel_, other.channel_);
  std::swap(kept_, other.kept_);
  std::swap(stack_, other.stack_);
  std::swap(theirs_, other.theirs_);
  std::swap(forks_, other.forks_);
  std::swap(successor_, other.successor_);
  return *this;
}

child_process::~child_process() {
  if (pid_ == 0 || !pidfd_) return;
  const int saved = errno;
  send_signal(pidfd_.get(), SIGKILL);
  reap_soon(pidfd_);
  reap_soon(outer_);
  if (forks_) end_forked();
  errno = saved;
}

// Kills and reaps the process that this child forked (ops::fork_again) before we were told: it is a child of ours too,
// and works in our memory.
void child_process::end_forked() noexcept {
  const pid_t pid = *static_cast<volatile int*>(successor_.get());
  if (pid == 0) return;
  quietly([this, pid] {
    unique_fd forked = open_pidfd(pid);
    send_signal(forked.get(), SIGKILL);
    reap_soon(forked);
  });
}

void child_process::move_to_high_numbers() {
  pidfd_ = move_to_high_number(std::move(pidfd_));
  channel_ = move_to_high_number(std::move(channel_));
}

void child_process::pass(child::barrier which, std::span<const int> descriptors) const {
  do {
    const auto part = descriptors.first(std::min<std::size_t>(descriptors.size(), child::message_limit));
    const child::barrier_message passed{which};
    // When the child has died, its report, which receive() reads next, says why.
    channel::send_message(channel_.get(), std::as_bytes(std::span(&passed, 1)), "container process", part);
    descriptors = descriptors.subspan(part.size());
  } while (!descriptors.empty());
}

std::optional<child_process::message> child_process::receive(bool block) {
  message out;
  auto got =
      channel::receive_message(channel_.get(), std::as_writable_bytes(std::span(&out.report, 1)), "container process",
                               block ? channel::wait_for_message::yes : channel::wait_for_message::no);
  if (got.size < sizeof out.report) return std::nullopt;
  theirs_.reset();
  out.descriptor = std::move(got.descriptor);
  // lxr-init sends these two messages; it has memory of its own: the stack is free.
  if (out.report.what == child_report::waiting || out.report.what == child_report::about_to_exec) {
    reap_soon(outer_);
    stack_.reset();
  }
  return out;
}

void child_process::become(pid_t successor) {
  unique_fd next = open_pidfd(successor);
  forks_ = false;
  pid_ = successor;
  outer_ = std::exchange(pidfd_, std::move(next));
}

// What is frozen does not end: it stays unreaped, and keeps its stack, rather than stop this thread.
void child_process::reap_soon(unique_fd& pidfd) noexcept {
  constexpr int patience_ms = 1000;
  if (!pidfd) return;
  pollfd end{pidfd.get(), POLLIN, 0};
  if (::poll(&end, 1, patience_ms) == 1) {
    quietly([&] { static_cast<void>(reap(pidfd.get(), false)); });
  } else {
    [[maybe_unused]] const stack* in_use = stack_.release();
  }
  pidfd.reset();
}

int child_process::wait() noexcept {
  int code = 0;
  quietly([&] {
    if (const auto status = reap(pidfd_.get(), true)) code = status->code;
  });
  pid_ = 0;
  return code;
}

std::optional<exit_status> reap(int pidfd, bool block) {
  siginfo_t info{};
  int done;
  do {
    done = ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd), &info,
                    WEXITED | __WALL | (block ? 0 : WNOHANG));
  } while (done != 0 && errno == EINTR);
  if (done != 0) throw_errno("wait for", "process");
  if (info.si_pid == 0) return std::nullopt;
  if (info.si_code == CLD_EXITED) return exit_status{info.si_status, false};
  return exit_status{128 + info.si_status, true};
}

unique_fd move_to_high_number(unique_fd descriptor) {
  if (!descriptor || descriptor.get() >= first_high) return descriptor;
  unique_fd moved(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, first_high));
  if (!moved) return descriptor;
  last_high = std::max(last_high, moved.get());
  return moved;
}

std::uint64_t ignored_signals() {
  static const std::uint64_t mask = [] {
    constexpr std::string_view name = "SigIgn:\t";
    const std::string status = file::read_of_process(::getpid(), "status").value_or("");
    const auto at = status.find(name);
    return at == std::string::npos ? ~std::uint64_t{0} : std::strtoull(status.c_str() + at + name.size(), nullptr, 16);
  }();
  return mask;
}

unique_fd open_pidfd(pid_t pid) {
  unique_fd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) throw_errno("open process", std::to_string(pid));
  return fd;
}

void send_signal(int pidfd, int number) noexcept { ::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0); }

}  // namespace lxr::io::process
