// SPDX-License-Identifier: Apache-2.0
#include "cli/attach/background.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <vector>

#include "cli/print/output.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::cli {
namespace {

// The memory that the kernel shows as this process's command line.
std::span<char>& arguments() {
  static std::span<char> memory;
  return memory;
}

void close_all_but(std::vector<int> kept) {
  std::ranges::sort(kept);
  unsigned from = 3;
  for (const int fd : kept) {
    if (fd < static_cast<int>(from)) continue;
    if (fd > static_cast<int>(from)) ::syscall(SYS_close_range, from, static_cast<unsigned>(fd - 1), 0u);
    from = static_cast<unsigned>(fd) + 1;
  }
  ::syscall(SYS_close_range, from, ~0u, 0u);
}

}  // namespace

void remember_arguments(int argc, char** argv) noexcept {
  if (argc > 0)
    arguments() = {argv[0], static_cast<std::size_t>(argv[argc - 1] + std::strlen(argv[argc - 1]) - argv[0])};
}

void leave_caller(const char* title, std::span<const int> keep) noexcept {
  const std::span<char> shown = arguments();
  std::ranges::fill(shown, '\0');
  std::memcpy(shown.data(), title, std::min(std::strlen(title), shown.size()));
  close_all_but({keep.begin(), keep.end()});
}

void leave_streams() noexcept {
  const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (int fd = 0; fd < 3; ++fd) ::dup2(null.get(), fd);
  static_cast<void>(!::chdir("/"));
}

void run_behind(const std::function<void()>& work, std::span<const int> keep) {
  flush_output();  // else the child would print the buffered text a second time
  if (::fork() != 0) return;
  ::setsid();
  leave_streams();
  leave_caller("lxr: after a command", keep);
  try {
    work();
  } catch (const std::exception&) {
    // No one reads a message of this process; a later command sweeps again.
  }
  ::_exit(0);
}

}  // namespace lxr::cli
