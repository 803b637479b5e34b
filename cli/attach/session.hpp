// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/unique_fd.hpp"
#include "io/tty/terminal_size.hpp"

namespace lxr::cli {

// lxr forks early: this process becomes the client, which owns the terminal and returns the exit code; its child
// becomes the engine, which starts containers and, when they outlive the client, stays behind as their monitor.
//
//   client ── signal, resize, abandoned ──▶ engine        one SOCK_SEQPACKET pair
//   client ◀── started, finished(code) ── engine
//   client ◀── container's stdout, stderr ── engine      pipes, when attached
//   client ── stdin ──▶ container (or the engine's pty)  pipe, when interactive
// `abandoned`: nobody sees the container's output any more, because the client's output failed, its terminal hung up,
// or it was told to leave at once.
struct session_message {
  enum kind : std::uint32_t { signal, resize, abandoned, started, finished } what;
  std::int32_t a = 0, b = 0;
};

// The engine's side.
class engine_side {
 public:
  unique_fd control, output, errors, input;
  io::tty::terminal_size size;  // of the client's terminal, when the container is to have one

  // The container runs: with a terminal the client goes into raw mode now.
  void started() const noexcept;
  // The client may go, with this exit code. Leaves the client's terminal and standard streams; only the first call
  // counts.
  void finished(int code) noexcept;
  // The client went by itself. Whoever reads its terminal or streams must not wait for the engine.
  void left() noexcept;
  [[nodiscard]] bool is_finished() const noexcept { return finished_; }

 private:
  bool finished_ = false;
};

struct session_options {
  bool attached = false;     // hand the container's output to the client
  bool interactive = false;  // hand the client's input to the container
  bool tty = false;
  bool output = true, errors = true;     // which of the attached streams the client shows
  bool sig_proxy = true;                 // hand signals on; else they end the client
  int kept = -1;                         // a further descriptor that the engine needs
  std::string detach_keys = "\x10\x11";  // with a terminal: ctrl-p ctrl-q
};

// Forks; `engine_main` runs in the child, its exceptions are reported on standard error. Returns the exit code, in the
// client. The child never returns.
int run_session(const session_options& options, const std::function<void(engine_side&)>& engine_main);

}  // namespace lxr::cli
