// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::io::process {

// A process that clone3 makes and that runs a launch plan, with the parent's end of the channel to it.
// Lifecycle: spawn(), then pass() and receive() by turns, then release() once another object waits for the process.
//   Until release() the destructor kills and reaps the process, so that no error path leaves an orphan. The child
//   shares our memory (CLONE_VM; nothing is copied on either side): the plan must stay unchanged until receive() has
//   returned `waiting` or `about_to_exec`, or the child is dead.
// Runs on: one thread of the engine; receive(true), wait() and the destructor block.
// Owns: the pidfd, our end of the channel and, until the child runs lxr-init, its stack.
// Borrows: the plan that spawn() was given.
// Failure: spawn() throws errc::not_permitted, errc::unsupported or errc::exhausted, naming the limit, and leaves no
//   process. pass() and receive() throw lxr::error; the process lives on until the destructor.
class child_process {
 public:
  struct options {
    std::uint64_t namespaces = 0;  // CLONE_NEW* flags
    int cgroup = -1;               // descriptor of a cgroup v2 directory for CLONE_INTO_CGROUP; -1: none
    // True: the child gets a copy of our memory. Needed under a memory limit: when that is exceeded, the kernel kills
    // every process that shares the victim's memory.
    bool own_memory = false;
    bool forks = false;  // the plan has ops::fork_again: the destructor ends both processes
  };
  struct message {
    child::child_report report{};
    unique_fd descriptor;  // comes with child_report::terminal
  };

  // Throws error{errc::unsupported} when the kernel lacks a namespace or clone3 flag that `how` needs.
  static child_process spawn(built_plan& plan, const options& how);

  child_process() = default;
  child_process(child_process&& other) noexcept { *this = std::move(other); }
  child_process& operator=(child_process&& other) noexcept;
  ~child_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  [[nodiscard]] int channel() const noexcept { return channel_.get(); }
  // Returns true while our descriptor table also holds the child's end of the channel (until its first message): then
  // receive() sees no end of file when the child dies, and only the pidfd tells.
  [[nodiscard]] bool has_silent_end() const noexcept { return static_cast<bool>(theirs_); }

  // Sends the child past a barrier, with the descriptors for the slots of its `receive` operation.
  void pass(child::barrier which, std::span<const int> descriptors = {}) const;
  // Returns the next message; nullopt at end of file or, with `block` false, when there is none yet.
  [[nodiscard]] std::optional<message> receive(bool block = true);
  void close_channel() noexcept { channel_.reset(); }

  // Continues with `successor`, which this process forked (child_report::forked) and which is our child too. The outer
  // one ends when its successor runs lxr-init, and is reaped then.
  void become(pid_t successor);
  // Waits for the process; returns its exit code, 128 + the signal that killed it, or 0 when it cannot be waited for.
  int wait() noexcept;
  // Disarms the destructor: from now on the monitor waits for the process.
  void release() noexcept { pid_ = 0; }
  unique_fd take_pidfd() noexcept { return std::move(pidfd_); }
  // Moves both descriptors by move_to_high_number(), for a process that is to wait for long. Call it before anything
  // watches them.
  void move_to_high_numbers();

 private:
  void end_forked() noexcept;
  void reap_soon(unique_fd& pidfd) noexcept;
  struct stack;
  struct stack_deleter {
    void operator()(stack* s) const noexcept;
  };
  pid_t pid_ = 0;
  unique_fd pidfd_, channel_;
  unique_fd outer_;        // pidfd of the process that forked this one, until it is reaped
  unique_fd theirs_;       // the child's end, until its first message shows that it has its own descriptor table
  std::vector<int> kept_;  // the descriptors the child keeps, sorted; the child reads this when it begins
  std::unique_ptr<stack, stack_deleter> stack_;
  bool forks_ = false;
  struct shared_pid_deleter {
    void operator()(int* cell) const noexcept;
  };
  std::unique_ptr<int, shared_pid_deleter> successor_;  // launch_plan::successor
};

// How a process ended: `code` is its exit code, or 128 + the signal.
struct exit_status {
  int code = 0;
  bool signalled = false;
};
// Reaps the child that `pidfd` refers to. Returns nullopt when it still runs or another process traces it.
// Failure: throws lxr::error when it is no child of ours.
std::optional<exit_status> reap(int pidfd, bool block);

// Moves a descriptor to a number from 512 on and returns it; returns it unchanged when no such number is free.
// A child gets a copy of our descriptor table and closes all descriptors that are not its own; with thousands of them
// that takes a tenth of a start. Once numbers above 640 are in use, spawn() gives a child no copies of the high ones.
unique_fd move_to_high_number(unique_fd descriptor);

// The signals that this process ignores, as it did when this was first asked: bit n - 1 is signal n. Children inherit
// them, over exec too.
std::uint64_t ignored_signals();

unique_fd open_pidfd(pid_t pid);  // throws lxr::error
void send_signal(int pidfd, int number) noexcept;

}  // namespace lxr::io::process
