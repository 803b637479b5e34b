// SPDX-License-Identifier: Apache-2.0
#include "io/tty/terminal.hpp"

#include <sys/ioctl.h>
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

terminal_size size_of(int fd) noexcept {
  winsize size{};
  ::ioctl(fd, TIOCGWINSZ, &size);
  return {size.ws_row, size.ws_col};
}

terminal_size own_size() noexcept {
  for (int fd = 0; fd < 3; ++fd) {
    if (const terminal_size size = size_of(fd); size.rows != 0) return size;
  }
  return {};
}

void set_size(int fd, terminal_size size) noexcept {
  const winsize wanted{size.rows, size.columns, 0, 0};
  ::ioctl(fd, TIOCSWINSZ, &wanted);
}

}  // namespace lxr::io::tty
