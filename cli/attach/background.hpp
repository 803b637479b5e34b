// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

// For processes that outlive their command: the engine, which becomes a monitor, and the processes that run_behind()
// makes. They keep nothing of the caller's:
// - not its arguments, which every local user can read (proc_pid_cmdline(5)) and which may hold secrets;
// - not its descriptors, working directory or terminal.
namespace lxr::cli {

// Remembers where the program's arguments lie in memory, for leave_caller(). main() calls it once.
void remember_arguments(int argc, char** argv) noexcept;

// Overwrites the arguments with `title`, and closes every descriptor above 2 except those in `keep`.
void leave_caller(const char* title, std::span<const int> keep) noexcept;
// Replaces the standard streams by /dev/null and changes the working directory to /.
void leave_streams() noexcept;

// Forks a process that calls `work` and exits; it keeps only the descriptors in `keep`. The caller does not wait for
// it. Failure: none; when fork(2) fails `work` is not called, and the sweep of a later command does the same.
void run_behind(const std::function<void()>& work, std::span<const int> keep = {});

}  // namespace lxr::cli
