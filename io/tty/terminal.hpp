// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include "io/tty/terminal_size.hpp"

namespace lxr::io::tty {

bool is_terminal(int fd) noexcept;

// Keeps a terminal in raw mode (termios(3)).
// Lifecycle: the constructor switches to raw mode; restore() or the destructor, whichever comes first, restores the
//   mode that the terminal had.
// Runs on: one thread.  Borrows: the descriptor.
// Failure: the constructor throws lxr::error when the descriptor is no terminal.
class raw_mode {
 public:
  explicit raw_mode(int fd);
  ~raw_mode() { restore(); }
  raw_mode(const raw_mode&) = delete;
  raw_mode& operator=(const raw_mode&) = delete;
  void restore() noexcept;

 private:
  int fd_;
  bool active_ = false;
  termios saved_{};
};

// Returns zeroes when `fd` is no terminal.
terminal_size size_of(int fd) noexcept;
// Returns the size of the first terminal among this process's standard input, output and error; zeroes without one.
terminal_size own_size() noexcept;
void set_size(int fd, terminal_size size) noexcept;

}  // namespace lxr::io::tty
