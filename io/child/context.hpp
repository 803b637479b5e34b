// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "core/base/in_root.hpp"
#include "core/base/raw_syscall.hpp"
#include "io/child/launch_plan.hpp"

// What the operations of a launch plan share. All code in io/child runs in the new process between clone3(2) and
// execve(2), partly in the memory of an engine with threads, partly in lxr-init without libc. So it makes only raw
// system calls on the launch plan: no allocation, exception, lock, log or destructor. tests/architecture_test.cpp
// checks the includes.
namespace lxr::io::child {

using raw::call;
using raw::word;

// The progress of one run_plan().
struct context {
  launch_plan* plan;
  const plan_op* ops;
  int channel;                         // the child's end of the channel to the parent
  int listener;                        // lxr-init's listening socket; -1: none
  std::uint32_t index;                 // of the operation that runs
  std::uint32_t step;                  // process_step that become_process is at
  int starter;                         // the connection that wait_start accepted, which gets the reports too; -1: none
  bool empty_attached, null_attached;  // operation `mask` has attached the mount itself; further uses copy it
};

// Places in the plan's block, and descriptors in its slots.
inline char* at(const context& c, std::uint32_t offset) { return reinterpret_cast<char*>(c.plan) + offset; }
inline char* text_of(const context& c, text t) { return t.offset == 0 ? const_cast<char*>("") : at(c, t.offset); }
inline int* slots(const context& c) { return reinterpret_cast<int*>(at(c, c.plan->slots)); }
inline int fd_of(const context& c, slot n) { return n < 0 ? -1 : slots(c)[n]; }
inline void fill(const context& c, slot n, long fd) { slots(c)[n] = static_cast<int>(fd); }

inline std::size_t length(const char* s) {
  std::size_t n = 0;
  while (s[n] != 0) ++n;
  return n;
}

// Closes a descriptor that an operation has opened for its own use. A number below 256 stays open until execve(2),
// which closes all close-on-exec descriptors faster than single calls. Higher numbers are closed at once, so that a
// plan with many mounts does not reach RLIMIT_NOFILE.
inline void close_fd(long fd) {
  constexpr long few = 256;
  if (fd >= few) call(SYS_close, fd);
}

[[noreturn]] inline void leave(int status) {
  for (;;) call(SYS_exit_group, status);
}

// Sends a report to the parent and, once wait_start has accepted a connection, to the starter. A peer that is gone is
// ignored.
void send_report(const context& c, child_report::kind what, int error) noexcept;

// AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW of <fcntl.h>.
inline constexpr int at_empty_path = 0x1000;
inline constexpr int at_symlink_nofollow = 0x100;
// For open_resolving(): the path stays below its directory and contains no symbolic link.
inline constexpr unsigned long resolve_strict = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

// Each performs one operation (launch_plan.hpp), and returns a negated errno if it fails. The groups are those of the
// sources: namespaces.cpp, mounts.cpp, network.cpp, terminal.cpp, process.cpp; become_reaper() is in
// reaper.cpp.
long run(context& c, const ops::join_cgroup& o) noexcept;
long run(context& c, const ops::join_namespaces& o) noexcept;
long run(context& c, const ops::become_root& o) noexcept;
long run(context& c, const ops::unshare& o) noexcept;
long run(context& c, const ops::write_setting& o) noexcept;
long run(context& c, const ops::change_root& o) noexcept;
long run(context& c, const ops::fork_again& o) noexcept;
long run(context& c, const ops::receive& o) noexcept;
long run(context& c, const ops::set_hostname& o) noexcept;
long run(context& c, const ops::set_domainname& o) noexcept;
long run(context& c, const ops::become_init& o) noexcept;
long run(context& c, const ops::wait_start& o) noexcept;

long run(context& c, const ops::private_mounts& o) noexcept;
long run(context& c, const ops::make_filesystem& o) noexcept;
long run(context& c, const ops::clone_mount& o) noexcept;
long run(context& c, const ops::attach& o) noexcept;
long run(context& c, const ops::attach_over& o) noexcept;
long run(context& c, const ops::attach_file& o) noexcept;
long run(context& c, const ops::mask& o) noexcept;
long run(context& c, const ops::make_readonly& o) noexcept;
long run(context& c, const ops::set_readonly& o) noexcept;
long run(context& c, const ops::make_directory& o) noexcept;
long run(context& c, const ops::make_node& o) noexcept;
long run(context& c, const ops::make_device& o) noexcept;
long run(context& c, const ops::make_link& o) noexcept;
long run(context& c, const ops::write_file& o) noexcept;
long run(context& c, const ops::enter_root& o) noexcept;
long run(context& c, const ops::set_propagation& o) noexcept;

long run(context& c, const ops::open_route& o) noexcept;
long run(context& c, const ops::configure_network& o) noexcept;
long run(context& c, const ops::await_links& o) noexcept;

long run(context& c, const ops::open_terminal& o) noexcept;
long run(context& c, const ops::bind_console& o) noexcept;
long run(context& c, const ops::use_terminal& o) noexcept;
long run(context& c, const ops::use_streams& o) noexcept;

long run(context& c, const ops::close_others& o) noexcept;
long run(context& c, const ops::become_process& o) noexcept;
long run(context& c, const ops::exec& o) noexcept;
// Forks the process that goes on. This one becomes its init: it sends signals on to it, reaps orphans, and exits when
// it does, with its exit code. Returns 0 in the new process, or a negated errno.
long become_reaper() noexcept;

}  // namespace lxr::io::child
