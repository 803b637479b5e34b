// SPDX-License-Identifier: Apache-2.0
#include "cli/attach/relay.hpp"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "io/tty/terminal.hpp"

namespace lxr::cli {
namespace {

sigset_t handled_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int left_alone :
       {SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    sigdelset(&set, left_alone);
  }
  return set;
}

// Returns how many of `size` bytes a descriptor takes without blocking once poll(2) reports POLLOUT: all for a file,
// PIPE_BUF for a pipe (pipe(7)), fewer for a terminal.
std::size_t portion(int fd, std::size_t size) {
  struct stat st{};
  if (::fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) return size;
  return std::min<std::size_t>(size, io::tty::is_terminal(fd) ? 256 : PIPE_BUF);
}

}  // namespace

void block_signals() {
  ::signal(SIGPIPE, SIG_IGN);  // writes to a closed pipe then return EPIPE
  const sigset_t set = handled_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

void unblock_signals() {
  const sigset_t set = handled_signals();
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

relay::relay() {
  const sigset_t set = handled_signals();
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) throw_errno("open", "signal descriptor");
}

relay::~relay() { ::close(signals_); }

void relay::copy_input(int from, int to, std::string detach_keys, std::function<void()> closed) {
  input_ = from;
  input_to_ = to;
  detach_keys_ = std::move(detach_keys);
  input_closed_ = std::move(closed);
}

void relay::copy_output(int from, int to) { outputs_.push_back({from, to}); }

void relay::until(int fd, std::function<bool()> handler) {
  event_ = fd;
  event_handler_ = std::move(handler);
}

void relay::pump_input() {
  char buffer[16384];
  const ssize_t got = ::read(input_, buffer, sizeof buffer);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    input_ = -1;
    if (input_closed_) input_closed_();
    return;
  }
  for (const char c : std::string_view(buffer, static_cast<std::size_t>(got))) {
    if (detach_keys_.empty() || c != detach_keys_[typed_]) {
      pending_.append(detach_keys_, 0, std::exchange(typed_, 0));  // no detach: pass these keys on
      if (detach_keys_.empty() || c != detach_keys_[0]) {
        pending_ += c;
        continue;
      }
    }
    if (++typed_ == detach_keys_.size()) {
      detached_ = true;
      break;  // what was typed before them is still for the container
    }
  }
  flush_input();
}

void relay::flush_input() {
  const ssize_t put = ::write(input_to_, pending_.data(), pending_.size());
  if (put > 0) pending_.erase(0, static_cast<std::size_t>(put));
  if (put < 0 && errno != EAGAIN && errno != EINTR) {  // the container has closed its input
    input_ = -1;
    pending_.clear();
  }
}

void relay::read_output(output& o) {
  char buffer[65536];
  const ssize_t got = ::read(o.from, buffer, sizeof buffer);
  if (got > 0) o.waiting.assign(buffer, static_cast<std::size_t>(got));
  o.over = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
}

void relay::write_output(output& o) {
  ssize_t put = 0;
  std::size_t done = 0;
  for (pollfd more{o.to, POLLOUT, 0}; done < o.waiting.size();) {
    put = ::write(o.to, o.waiting.data() + done, portion(o.to, o.waiting.size() - done));
    if (put > 0) done += static_cast<std::size_t>(put);
    if (put <= 0 || ::poll(&more, 1, 0) != 1) break;
  }
  const int failure = errno;
  o.waiting.erase(0, done);
  if (put >= 0 || failure == EINTR || failure == EAGAIN) return;
  if (o.to == STDOUT_FILENO) output_failure_ = failure;
  o.waiting.clear();
  o.over = true;
}

void relay::handle_signals() {
  signalfd_siginfo info;
  while (::read(signals_, &info, sizeof info) == sizeof info) {
    const int number = static_cast<int>(info.ssi_signo);
    if (signal_handler_) signal_handler_(number);
    if (number == SIGINT || number == SIGTERM) ++asked_to_end_;
    if (number == SIGHUP || asked_to_end_ == 3) leave(number);
  }
}

int relay::report_leaving() const {
  if (output_failure_ == EPIPE) return 128 + SIGPIPE;
  if (output_failure_ != 0) {
    print_error(std::string("cannot write to standard output: ") + std::strerror(output_failure_));
    return tool_failed;
  }
  if (left_by_ != SIGHUP && asked_to_end_ == 3)
    print_error("asked to end three times: left without waiting for the container");
  return 128 + left_by_;
}

void relay::run() {
  bool ending = false;
  std::chrono::steady_clock::time_point last_call;
  while (!detached_ && output_failure_ == 0 && left_by_ == 0) {
    std::vector<pollfd> fds{{signals_, POLLIN, 0}};
    const auto watch = [&fds](int fd, short what) {
      fds.push_back({fd, what, 0});
      return fds.size() - 1;
    };
    const std::size_t event = !ending && event_ >= 0 ? watch(event_, POLLIN) : 0;
    const std::size_t input = input_ >= 0 && pending_.empty() ? watch(input_, POLLIN) : 0;
    const std::size_t backlog = !pending_.empty() ? watch(input_to_, POLLOUT) : 0;
    const std::size_t first_output = fds.size();
    bool undelivered = false;
    for (const output& o : outputs_) {
      watch(o.waiting.empty() ? o.from : o.to, o.waiting.empty() ? POLLIN : POLLOUT);
      undelivered = undelivered || !o.waiting.empty();
    }
    const int ready = ::poll(fds.data(), fds.size(), ending && !undelivered ? 0 : -1);
    if (ready < 0 && errno != EINTR) throw_errno("wait for", "input and output");
    if (ready == 0 && ending) return;
    if (ready <= 0) continue;
    if (fds[0].revents != 0) handle_signals();
    if (event != 0 && fds[event].revents != 0 && event_handler_()) {
      ending = true;
      last_call = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    }
    for (std::size_t i = outputs_.size(); i-- > 0;) {
      if (fds[first_output + i].revents == 0) continue;
      output& o = outputs_[i];
      if (o.waiting.empty()) {
        read_output(o);
      } else {
        write_output(o);
      }
      if (o.over && o.waiting.empty()) outputs_.erase(outputs_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (input != 0 && fds[input].revents != 0) pump_input();
    if (backlog != 0 && fds[backlog].revents != 0) flush_input();
    if (ending && outputs_.empty()) return;
    // A process that outlived the container's first one may hold the pipe open and write without end.
    if (ending && !undelivered && std::chrono::steady_clock::now() > last_call) return;
  }
}

}  // namespace lxr::cli
