// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>

// What lxr processes are that outlive the command they were called with: the engine, which becomes a monitor, and
// whoever does behind a command what nobody needs to wait for. They keep nothing of the caller's: neither its
// arguments, which every local user can read (proc_pid_cmdline(5)) and which may hold secrets, nor its descriptors,
// directory or terminal.
namespace lxr::cli {

// Where the program's arguments lie; called once, by main.
void remember_arguments(int argc, char** argv) noexcept;

// Shows `title` instead of the arguments, and closes every descriptor above 2 but those in `keep`.
void leave_caller(const char* title, std::span<const int> keep) noexcept;
// Makes /dev/null of the standard streams, and / of the working directory.
void leave_streams() noexcept;

// Does `work` in a process of its own, without streams, keeping the descriptors in `keep`. If the process cannot be
// made, nothing is done: what is left is swept by the next command.
void run_behind(const std::function<void()>& work, std::span<const int> keep = {});

}  // namespace lxr::cli
