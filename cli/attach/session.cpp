// SPDX-License-Identifier: Apache-2.0
#include "cli/attach/session.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "cli/attach/background.hpp"
#include "cli/attach/relay.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"
#include "io/channel/pipe.hpp"
#include "io/tty/terminal.hpp"

namespace lxr::cli {
namespace {

namespace channel = io::channel;

void send(int control, session_message m) noexcept {
  quietly([&] { channel::send_message(control, std::as_bytes(std::span(&m, 1)), "the other side"); });
}

[[noreturn]] void run_engine(engine_side side, int further, const std::function<void(engine_side&)>& engine_main) {
  ::setsid();  // the terminal sends SIGINT to the client's session only
  const int kept[] = {side.control.get(), side.output.get(), side.errors.get(), side.input.get(), further};
  leave_caller("lxr: engine", kept);
  unblock_signals();
  ::signal(SIGPIPE, SIG_IGN);
  int code = 0;
  try {
    engine_main(side);
  } catch (...) {
    code = is_cancelled(std::current_exception()) ? 130 : report_failure(std::current_exception());
  }
  side.finished(code);
  ::_exit(0);
}

void report_death(pid_t engine) {
  int status = 0;
  ::waitpid(engine, &status, 0);
  const std::string how =
      WIFSIGNALED(status) ? std::string("was killed: ") + ::strsignal(WTERMSIG(status)) : "ended without a word";
  print_error("the engine of this command " + how + "; what it started runs on, see: lxr ps -a");
}

class client {
 public:
  client(const session_options& options, pid_t engine, unique_fd control, unique_fd output, unique_fd errors,
         unique_fd input)
      : options_(options),
        engine_(engine),
        control_(std::move(control)),
        output_(std::move(output)),
        errors_(std::move(errors)),
        input_(std::move(input)) {}

  int run() {
    if (options_.attached) {
      if (!options_.output) output_.reset();
      if (!options_.errors) errors_.reset();
      if (output_) relay_.copy_output(output_.get(), 1);
      if (errors_ && !options_.tty) relay_.copy_output(errors_.get(), 2);
    }
    if (options_.interactive && !options_.tty) start_input();
    if (options_.tty) send_size();
    relay_.on_signal([this](int number) { hand_on(number); });
    relay_.until(control_.get(), [this] { return receive(); });
    relay_.run();
    raw_.reset();
    if (engine_died_) report_death(engine_);
    if (relay_.detached()) return 0;
    if (relay_.output_failure() == 0 && relay_.left_by() == 0) return code_;
    send(control_.get(), {session_message::abandoned, 0, 0});
    return relay_.report_leaving();
  }

 private:
  void start_input() {
    relay_.copy_input(0, input_.get(), options_.tty ? options_.detach_keys : "", [this] { input_.reset(); });
  }
  void send_size() {
    const io::tty::terminal_size size = io::tty::own_size();
    send(control_.get(), {session_message::resize, size.rows, size.columns});
  }
  void hand_on(int number) {
    if (number == SIGWINCH && options_.tty) return send_size();
    if (number != SIGWINCH && started_ && !options_.sig_proxy) {
      return relay_.leave(number);
    }
    if (number != SIGWINCH) send(control_.get(), {session_message::signal, number, 0});
  }
  bool receive() {
    session_message m{};
    const auto got = channel::receive_message(control_.get(), std::as_writable_bytes(std::span(&m, 1)), "the engine");
    if (got.what == channel::received_message::end_of_file) {  // the engine died before it sent `finished`
      code_ = tool_failed;
      engine_died_ = true;
      return true;
    }
    if (m.what == session_message::started) started_ = true;
    if (m.what == session_message::started && options_.tty && options_.interactive) {
      raw_.emplace(0);
      start_input();
    }
    if (m.what != session_message::finished) return false;
    code_ = m.a;
    return true;
  }

  session_options options_;
  pid_t engine_;
  unique_fd control_, output_, errors_, input_;
  relay relay_;
  std::optional<io::tty::raw_mode> raw_;
  bool started_ = false, engine_died_ = false;
  int code_ = 0;
};

}  // namespace

void engine_side::started() const noexcept { send(control.get(), {session_message::started, 0, 0}); }

void engine_side::left() noexcept {
  output.reset();
  errors.reset();
  leave_streams();
}

namespace {

// Makes this process, from now on a monitor, the last one that the kernel kills when memory runs out: without it no one
// records how its containers end. Needs CAP_SYS_RESOURCE; without that it has no effect.
void spare_monitor() noexcept {
  const unique_fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) static_cast<void>(!::write(score.get(), "-999", 4));
}

}  // namespace

void engine_side::finished(int code) noexcept {
  if (finished_) return;
  finished_ = true;
  left();
  send(control.get(), {session_message::finished, code, 0});
  spare_monitor();
}

int run_session(const session_options& options, const std::function<void(engine_side&)>& engine_main) {
  auto [control, of_engine] = channel::make_socket_pair();
  engine_side engine;
  engine.control = std::move(of_engine);
  unique_fd output, errors, input;
  if (options.tty) engine.size = io::tty::own_size();
  if (options.attached) {
    channel::pipe_ends out = channel::make_pipe_with_nonblocking_writes();
    channel::pipe_ends err = channel::make_pipe_with_nonblocking_writes();
    output = std::move(out.read);
    engine.output = std::move(out.write);
    errors = std::move(err.read);
    engine.errors = std::move(err.write);
  }
  if (options.interactive) {
    channel::pipe_ends in = channel::make_pipe_with_nonblocking_writes();
    engine.input = std::move(in.read);
    input = std::move(in.write);
  }
  block_signals();
  const pid_t pid = ::fork();
  if (pid < 0) throw_errno("fork", "the engine");
  if (pid == 0) {
    control.reset();
    output.reset();
    errors.reset();
    input.reset();
    run_engine(std::move(engine), options.kept, engine_main);
  }
  engine = engine_side();
  return client(options, pid, std::move(control), std::move(output), std::move(errors), std::move(input)).run();
}

}  // namespace lxr::cli
