#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/async/task_scope.hpp"
#include "pipeline/container/start.hpp"
#include "pipeline/monitor/log_file.hpp"

namespace lxr::monitor {

// Where the output of an attached container also goes, and with a terminal its input comes from. Non-blocking.
struct client_streams {
  unique_fd output, errors, input;
};

// Owns the running containers of this process: copies their output to their logs (and to a client), waits for their
// exit, records it, and cleans up behind them.
// Lifecycle: watch() each launched container; run() returns when all of them have ended. If this process dies the
//   containers live on, and the next lxr command derives their state from the kernel.
// Runs on: the loop's strand.  Borrows: the engine.
class monitor {
 public:
  // Called once a container has ended, its output is written and its exit recorded (or, with auto_remove, it is gone).
  using on_exit = std::function<void(int exit_code)>;

  explicit monitor(container::engine& on) : engine_(on), scope_(on.executor), buffer_(buffer_size) {}

  void watch(container::launched container, client_streams client = {}, on_exit ended = {});
  task<void> run() { return scope_.join(); }
  [[nodiscard]] std::size_t watched() const noexcept { return scope_.running(); }

  // Nobody sees the container's output any more: one that is to be removed at its end (--rm) is stopped, by its stop signal and
  // after its stop timeout by SIGKILL; any other goes on.
  void abandon(const std::string& id);
  // For a client: signals go to the first process, sizes to the terminal.
  void send_signal(const std::string& id, int number) noexcept;
  void resize(const std::string& id, unsigned short rows, unsigned short columns) noexcept;

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

  static constexpr std::size_t buffer_size = 64u << 10, unparked = 64;
  container::engine& engine_;
  std::map<std::string, std::shared_ptr<subject>> subjects_;
  task_scope scope_;
  std::vector<char> buffer_;  // never held across an await
};

}  // namespace lxr::monitor
