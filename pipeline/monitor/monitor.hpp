// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/async/task_scope.hpp"
#include "io/tty/terminal_size.hpp"
#include "pipeline/container/start.hpp"
#include "pipeline/monitor/log_file.hpp"

namespace lxr::monitor {

// The pipes to an attached client, all non-blocking: `output` and `errors` also get the container's output, and with a
// terminal `input` is copied to it. An empty descriptor: the client does not have that stream.
struct client_streams {
  unique_fd output, errors, input;
};

// Supervises the running containers of this process: copies their output to logs and clients, waits for their exits,
// records these and releases what the containers held.
// Lifecycle: watch() each launched container; run() returns when all have ended. If this process dies the containers
//   live on, and the next lxr command derives their state from the kernel.
// Runs on: the loop's strand.
// Owns: the containers' pidfds and output, and clients' streams.
// Borrows: the engine.
// Failure: run() throws only lxr::cancelled. A container whose exit cannot be recorded does not affect the others.
// Cancel: terminal; output is not copied any more, but run() still waits for the exits of all containers.
class monitor {
 public:
  // Called once a container has ended, its output is written and its exit is recorded (or, with auto_remove, it is
  // removed).
  using on_exit = std::function<void(int exit_code)>;

  explicit monitor(container::engine& on) : engine_(on), scope_(on.executor), buffer_(buffer_size) {}

  void watch(container::launched container, client_streams client = {}, on_exit ended = {});
  task<void> run() { return scope_.join(); }
  [[nodiscard]] std::size_t watched() const noexcept { return scope_.running(); }

  // Called when the client of a container has gone. A container with auto_remove (--rm) is stopped: by its stop signal,
  // and by SIGKILL after its stop timeout. Any other goes on.
  void abandon(const std::string& id);
  // For a client: send_signal() signals the first process, resize() sets the size of the terminal.
  void send_signal(const std::string& id, int number) noexcept;
  void resize(const std::string& id, io::tty::terminal_size size) noexcept;

 private:
  struct subject;
  struct client_stream;
  task<void> supervise(std::shared_ptr<subject> s);
  task<void> copy_output(std::shared_ptr<subject> s, int from, client_stream& to, const char* stream);
  task<void> copy_input(std::shared_ptr<subject> s);
  task<void> stop_abandoned(std::shared_ptr<subject> s);
  task<void> follow_start(std::shared_ptr<subject> s);
  void hand_to_client(client_stream& to, std::string_view bytes);
  task<void> forward(client_stream& to);
  task<void> copy_to_terminal(int terminal, std::string bytes);
  task<io::process::exit_status> reaped(int pidfd);
  task<void> record_exit(std::shared_ptr<subject> s, io::process::exit_status status);
  void save_exit(subject& s, io::process::exit_status status);

  static constexpr std::size_t buffer_size = 64u << 10;  // bytes
  // Further containers have descriptors of high numbers (io::process::move_to_high_number()).
  static constexpr std::size_t with_low_numbers = 64;
  container::engine& engine_;
  std::map<std::string, std::shared_ptr<subject>> subjects_;
  task_scope scope_;
  std::vector<char> buffer_;  // never used across a co_await
};

}  // namespace lxr::monitor
