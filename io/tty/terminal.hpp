// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

namespace lxr::io::tty {

bool is_terminal(int fd) noexcept;

// Puts a terminal into raw mode for the life of this object.
// Lifecycle: the old mode is restored by restore() or the destructor, whichever comes first. (termios(3))
class raw_mode {
 public:
  explicit raw_mode(int fd);  // throws when it is not a terminal
  ~raw_mode() { restore(); }
  raw_mode(const raw_mode&) = delete;
  raw_mode& operator=(const raw_mode&) = delete;
  void restore() noexcept;

 private:
  int fd_;
  bool active_ = false;
  termios saved_{};
};

winsize window_size(int fd) noexcept;  // zeroes when unknown
// Of the terminal that is this process's standard input, output or error, whichever is one.
winsize own_window_size() noexcept;
void set_window_size(int fd, const winsize& size) noexcept;

}  // namespace lxr::io::tty
