// SPDX-License-Identifier: Apache-2.0
#include "io/tty/terminal.hpp"

#include <unistd.h>

#include "core/base/error.hpp"

namespace lxr::io::tty {

bool is_terminal(int fd) noexcept { return ::isatty(fd) == 1; }

raw_mode::raw_mode(int fd) : fd_(fd) {
  if (::tcgetattr(fd_, &saved_) != 0) throw_errno("read the mode of", "the terminal");
  termios raw = saved_;
  ::cfmakeraw(&raw);
  if (::tcsetattr(fd_, TCSANOW, &raw) != 0) throw_errno("set the mode of", "the terminal");
  active_ = true;
}

void raw_mode::restore() noexcept {
  if (active_) ::tcsetattr(fd_, TCSANOW, &saved_);
  active_ = false;
}

winsize window_size(int fd) noexcept {
  winsize size{};
  ::ioctl(fd, TIOCGWINSZ, &size);
  return size;
}

winsize own_window_size() noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    if (const winsize size = window_size(fd); size.ws_row != 0) return size;
  }
  return {};
}

void set_window_size(int fd, const winsize& size) noexcept { ::ioctl(fd, TIOCSWINSZ, &size); }

}  // namespace lxr::io::tty
