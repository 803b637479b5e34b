// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace lxr::cli {

// Copies between a person's descriptors and a container's, and turns signals into calls, until something ends it.
// The descriptors are borrowed, and the person's are used as they are: never made non-blocking, as other processes
// share them. Runs on: the calling thread, with poll(2); it has no loop of its own to disturb.
class relay {
 public:
  relay();
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  // From the person to the container; `to` must be non-blocking. At end of file `closed` is called once.
  // Once `detach_keys` were typed run() ends and detached() is true; empty: never.
  void copy_input(int from, int to, std::string detach_keys, std::function<void()> closed);
  // From the container to the person.
  void copy_output(int from, int to);
  // Called for each signal that arrives: SIGWINCH, and every other that can be handed on.
  void on_signal(std::function<void(int)> handler) { signal_handler_ = std::move(handler); }
  // `handler` is called when `fd` is readable; once it returns true run() drains the outputs and returns.
  void until(int fd, std::function<bool()> handler);

  void run();
  // Ends run(), from one of the handlers, because of a signal.
  void leave(int signal) noexcept { left_by_ = signal; }
  [[nodiscard]] bool detached() const noexcept { return detached_; }
  // Why run() returned early: the errno of a write to our standard output (EPIPE: nobody reads it any more, as in `|
  // head`), 0: none.
  [[nodiscard]] int output_failure() const noexcept { return output_failure_; }
  // Or the signal: that our terminal hung up, or the third that asks to end; 0: none.
  [[nodiscard]] int left_by() const noexcept { return left_by_; }
  // Says why, where somebody may want to know, and returns the exit code for it.
  [[nodiscard]] int report_leaving() const;

 private:
  struct output {
    int from, to;
    std::string waiting = {};  // that `to` has not taken yet; nothing more is read so long
    bool over = false;         // nothing comes behind that
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
  std::size_t typed_ = 0;  // so many of them
  bool detached_ = false;
  int output_failure_ = 0, left_by_ = 0, asked_to_end_ = 0;
  std::function<void()> input_closed_;
  std::string pending_;
  std::vector<output> outputs_;
  int event_ = -1;
  std::function<bool()> event_handler_;
};

// Blocks the signals a relay handles, in this thread. Before anything is forked, so that none is lost.
void block_signals();
void unblock_signals();

}  // namespace lxr::cli
