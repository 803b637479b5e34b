// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lxr::cli {

// Copies bytes between the client's standard streams and a container's, and calls a handler for each signal.
// Lifecycle: block_signals() before anything is forked; then the copy_*(), on_signal() and until() that are needed;
// then
//   run(), once.
// Runs on: the calling thread, which run() blocks in poll(2).
// Owns: a signalfd.
// Borrows: all other descriptors. It never makes the standard streams non-blocking, because other processes share them.
// Failure: the constructor and run() throw lxr::error when the kernel refuses the signalfd or poll(2). A stream that
//   fails ends copying; see output_failure().
class relay {
 public:
  relay();
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  // Copies from the client to the container; `to` must be non-blocking. Calls `closed` once, at end of file. When the
  // bytes of `detach_keys` are read in sequence, run() returns and detached() is true; "" switches this off.
  void copy_input(int from, int to, std::string detach_keys, std::function<void()> closed);
  // Copies from the container to the client. May be called several times.
  void copy_output(int from, int to);
  // Sets the handler for signals that arrive: SIGWINCH and those that can be passed on to a container.
  void on_signal(std::function<void(int)> handler) { signal_handler_ = std::move(handler); }
  // Calls `handler` when `fd` is readable. Once it returns true, run() copies the output that is left, for at most one
  // second, and returns.
  void until(int fd, std::function<bool()> handler);

  void run();
  // Called by a handler: makes run() return because of `signal`.
  void leave(int signal) noexcept { left_by_ = signal; }
  [[nodiscard]] bool detached() const noexcept { return detached_; }
  // Returns the errno of the write to standard output that ended run() (EPIPE: the reader has gone, as in `| head`); 0
  // when none did.
  [[nodiscard]] int output_failure() const noexcept { return output_failure_; }
  // Returns the signal that ended run(): SIGHUP, the third SIGINT or SIGTERM, or that of leave(); 0 when none did.
  [[nodiscard]] int left_by() const noexcept { return left_by_; }
  // Returns the exit code for output_failure() or left_by(); prints the reason where the code alone does not show it.
  [[nodiscard]] int report_leaving() const;

 private:
  struct output {
    int from, to;
    std::string waiting = {};  // bytes that `to` has not taken yet; while there are any, `from` is not read
    bool over = false;         // no bytes follow `waiting`
  };
  void pump_input();
  void flush_input();
  void read_output(output& o);
  void write_output(output& o);
  void handle_signals();

  int signals_;
  std::function<void(int)> signal_handler_;
  int input_ = -1, input_to_ = -1;
  std::string detach_keys_;
  std::size_t typed_ = 0;  // how many of them were typed in sequence
  bool detached_ = false;
  int output_failure_ = 0, left_by_ = 0, asked_to_end_ = 0;
  std::function<void()> input_closed_;
  std::string pending_;
  std::vector<output> outputs_;
  int event_ = -1;
  std::function<bool()> event_handler_;
};

// Blocks the signals that a relay handles, in this thread. Call it before anything is forked: else signals are lost.
void block_signals();
void unblock_signals();

}  // namespace lxr::cli
