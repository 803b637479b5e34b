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
// The client sends `abandoned` when it leaves a container that goes on: its own output failed, its terminal hung up, or
// a signal told it to leave.
struct session_message {
  enum kind : std::uint32_t { signal, resize, abandoned, started, finished } what;
  std::int32_t a = 0, b = 0;  // signal: its number; resize: rows, columns; finished: exit code
};

// What the engine holds of a session.
// Lifecycle: run_session() makes it; started() and finished(), once each.
// Runs on: the main thread of the engine process.
// Owns: its ends of the socket pair and of the pipes.
class engine_side {
 public:
  unique_fd control, output, errors, input;
  io::tty::terminal_size size;  // of the client's terminal, when the container is to have one

  // Tells the client that the container runs. A client with a terminal now switches that to raw mode.
  void started() const noexcept;
  // Tells the client to exit with `code`, calls left(), and makes this process the last one that the kernel kills when
  // memory runs out. Only the first call has an effect.
  void finished(int code) noexcept;
  // Closes the client's streams and terminal, because the client has ended: a process that reads the other end of them
  // would wait for the engine.
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
  bool sig_proxy = true;                 // pass signals on to the container; else they end the client
  int kept = -1;                         // a further descriptor that the engine needs
  std::string detach_keys = "\x10\x11";  // with a terminal: ctrl-p ctrl-q
};

// Forks. In the parent, the client, it returns the command's exit code. The child, the engine, calls `engine_main`,
// prints an exception of it on standard error, and exits without returning.
int run_session(const session_options& options, const std::function<void(engine_side&)>& engine_main);

}  // namespace lxr::cli
