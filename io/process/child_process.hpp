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

// A process made by clone3 that runs a launch plan, and this side of the channel to it.
// Lifecycle: spawn() makes it; until release() the destructor kills and reaps it, so that no error path leaves an orphan.
//   The child works in our memory (nothing is copied, by neither side): the plan must stay until receive() has given
//   `waiting` or `about_to_exec`, or the child is gone.
// Owns: the pidfd, the channel and, until the child has left for another program, its stack.
class child_process {
 public:
  struct options {
    std::uint64_t namespaces = 0;  // CLONE_NEW* flags
    int cgroup = -1;               // a cgroup v2 directory to be born in (CLONE_INTO_CGROUP)
    // A copy of our memory instead: for a child that works under a memory limit, because the kernel, when that is
    // exceeded, kills everybody who shares the victim's memory.
    bool own_memory = false;
    bool forks = false;  // the plan has ops::fork_again: an early end is that of both processes
  };
  struct message {
    child::child_report report{};
    unique_fd descriptor;  // of child_report::terminal
  };

  // Throws error{errc::unsupported} naming the namespace when the kernel lacks one.
  static child_process spawn(built_plan& plan, const options& how);

  child_process() = default;
  child_process(child_process&& other) noexcept { *this = std::move(other); }
  child_process& operator=(child_process&& other) noexcept;
  ~child_process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  [[nodiscard]] int channel() const noexcept { return channel_.get(); }
  // Until its first message we may have its end of the channel open too: then only the pidfd tells that it died.
  [[nodiscard]] bool has_silent_end() const noexcept { return static_cast<bool>(theirs_); }

  // Lets the child pass a barrier, with descriptors for the slots of its `receive`.
  void pass(child::barrier which, std::span<const int> descriptors = {}) const;
  // The next message; empty at end of file, or when none is there and it may not block.
  [[nodiscard]] std::optional<message> receive(bool block = true);
  void close_channel() noexcept { channel_.reset(); }

  // Takes over a process forked by this one (child_report::forked): its pid is already known to be our child.
  void become(pid_t successor);
  // Waits for the process and returns its wait status as waitid(2) gives it: (code << 8 | status).
  int wait() noexcept;
  // The guard is off: the process is somebody else's to wait for (the monitor's).
  void release() noexcept { pid_ = 0; }
  unique_fd take_pidfd() noexcept { return std::move(pidfd_); }
  // For one that is to wait for long: its descriptors are parked. Before anybody watches them.
  void park();

 private:
  void end_forked() noexcept;
  void send(child::barrier which, std::span<const int> descriptors) const;
  struct stack;
  struct stack_deleter {
    void operator()(stack* s) const noexcept;
  };
  pid_t pid_ = 0;
  unique_fd pidfd_, channel_;
  unique_fd theirs_;  // their end, until the first message shows that they have it in a table of their own
  std::vector<int> kept_;  // the descriptors it keeps, in order; read by the child when it begins
  std::unique_ptr<stack, stack_deleter> stack_;
  bool forks_ = false;
};

// How a process ended: exit code, or 128 + signal.
struct exit_status {
  int code = 0;
  bool signalled = false;
};
// Reaps the child behind `pidfd`; empty optional when it is still running, or traced by another process. Throws when it is no
// child of ours.
std::optional<exit_status> reap(int pidfd, bool block);

// A child begins with a copy of all our descriptors, and closes those that are not its own: with thousands of them that is
// a tenth of a start. Those parked lie behind all others, and children born while many are get no copy of them.
// Returns the descriptor under its new number; under its old one when there is no room.
unique_fd park(unique_fd descriptor);

// The signals that this process ignores, as it did when this was first asked: bit n - 1 is signal n. Children inherit them, over exec too.
std::uint64_t ignored_signals();

unique_fd open_pidfd(pid_t pid);  // throws
void send_signal(int pidfd, int number) noexcept;

}  // namespace lxr::io::process
