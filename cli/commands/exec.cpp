// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <span>

#include "cli/attach/background.hpp"
#include "cli/attach/relay.hpp"
#include "cli/commands/command.hpp"
#include "cli/flags/attach_flags.hpp"
#include "cli/flags/env_words.hpp"
#include "cli/print/exit_code.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "io/channel/pipe.hpp"
#include "io/tty/terminal.hpp"
#include "pipeline/container/exec.hpp"

namespace lxr::cli {
namespace {

// One standard stream of the process. The process always gets a pipe: `theirs` is a duplicate of our own stream when
// that is a pipe, else the end of a new pipe whose other end, `ours`, the relay copies from or to. A file or terminal
// of the caller is never passed into a container, which could open it again through /proc/self/fd and read or truncate
// it.
struct stream {
  unique_fd theirs, ours;
};

// Returns true for a pipe(2). A FIFO in a filesystem is none: a container that gets it could change its mode and owner.
bool is_pipe(int fd) {
  constexpr long pipefs_magic = 0x50495045;
  struct statfs fs{};
  return ::fstatfs(fd, &fs) == 0 && fs.f_type == pipefs_magic;
}

stream output_stream(int fd) {
  if (is_pipe(fd)) return {unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3)), {}};
  auto [read, write] = io::channel::make_pipe();
  return {std::move(write), std::move(read)};
}

stream input_stream(bool interactive) {
  if (!interactive) return {file::open_at(AT_FDCWD, "/dev/null", O_RDONLY), {}};
  if (is_pipe(0)) return {unique_fd(::fcntl(0, F_DUPFD_CLOEXEC, 3)), {}};
  auto [read, write] = io::channel::make_pipe_with_nonblocking_writes();
  return {std::move(read), std::move(write)};
}

// Keeps the master of the process's terminal open after the user has detached, in a process that reads and drops the
// output: when the last descriptor of a master is closed, the kernel sends SIGHUP to the terminal's processes.
void hold_terminal(const launch::started_process& running) {
  const int master = running.terminal.get();
  const auto drain = [master] {
    ::fcntl(master, F_SETFL, O_RDWR);
    char unseen[4096];
    while (::read(master, unseen, sizeof unseen) > 0 || errno == EINTR) {
    }
  };
  run_behind(drain, std::span(&master, 1));
}

int attend(launch::started_process& running, bool interactive, const std::string& detach_keys, stream& in, stream& out,
           stream& err) {
  relay copy;
  std::optional<io::tty::raw_mode> raw;
  const int master = running.terminal.get();
  const auto fit = [master] { io::tty::set_size(master, io::tty::own_size()); };
  if (master >= 0) {
    fit();  // the size may have changed since the process was started
    if (interactive) {
      raw.emplace(0);
      ::fcntl(master, F_SETFL, O_NONBLOCK);
      copy.copy_input(0, master, detach_keys, [] {});
    }
    copy.copy_output(master, 1);
  } else {
    if (in.ours) copy.copy_input(0, in.ours.get(), "", [&in] { in.ours.reset(); });
    if (out.ours) copy.copy_output(out.ours.get(), 1);
    if (err.ours) copy.copy_output(err.ours.get(), 2);
  }
  copy.on_signal([&](int number) {
    if (number != SIGWINCH) {
      io::process::send_signal(running.process.pidfd(), number);
    } else if (master >= 0) {
      fit();
    }
  });
  copy.until(running.process.pidfd(), [] { return true; });
  copy.run();
  if (!copy.detached() && copy.output_failure() == 0 && copy.left_by() == 0) return running.process.wait();
  running.process.release();
  if (!copy.detached()) return copy.report_leaving();
  if (master >= 0) hold_terminal(running);
  return 0;
}

}  // namespace

int cmd_exec(const invocation& call) {
  flag_set app("Run a command in a running container. Without a command: the best shell it has, with a terminal.",
               "exec", "lxr exec web\nlxr exec -it web bash\nlxr exec web cat /etc/os-release");
  app.stop_at_first_argument("CONTAINER [COMMAND ...]", value_source::running_containers);
  container::exec_options options;
  bool interactive = false, detach = false;
  attach_flags attach;
  attach.add_detach_keys(app);
  app.add_flag("-i,--interactive", interactive, "Hand on standard input");
  app.add_flag("-t,--tty", options.tty, "Give the command a terminal");
  app.add_flag("-d,--detach", detach, "Run the command in the background");
  app.add_flag("--privileged", options.privileged, "Give the command everything that root of the host may do");
  std::vector<std::string> env, env_files;
  app.add_option("-e,--env", env, "Set an environment variable: KEY=VALUE, or KEY to copy the caller's")
      ->takes("KEY[=VALUE]", value_source::variables);
  app.add_option("--env-file", env_files, "Read environment variables from a file")->takes("FILE", value_source::files);
  app.add_option("-u,--user", options.user, "User (and group) to run as")->takes("USER[:GROUP]");
  app.add_option("-w,--workdir", options.working_dir, "Working directory")->takes("DIR");
  if (const auto done = parse(app, call)) return *done;
  const std::vector<std::string> words = app.remaining();
  if (words.empty())
    throw error(errc::invalid_argument, "use lxr exec", "", "no container was named", "see lxr exec --help");
  if (!options.working_dir.empty() && options.working_dir.front() != '/') {
    throw error(errc::invalid_argument, "use --workdir", options.working_dir, "it is not an absolute path");
  }
  options.env = environment_of(env_files, env);
  const std::string detach_keys = parse_detach_keys(attach.detach_keys);
  options.command.assign(words.begin() + 1, words.end());
  if (options.command.empty() && detach) {
    throw error(errc::invalid_argument, "use --detach", "", "no command was named", "see lxr exec --help");
  } else if (options.command.empty()) {
    interactive = true;
    options.tty = io::tty::is_terminal(0) && io::tty::is_terminal(1);
  } else if (options.tty && interactive && !detach && !io::tty::is_terminal(0)) {
    throw error(errc::invalid_argument, "use -t", "", "the input device is not a TTY",
                "leave out -t, or run it from a terminal");
  }

  const instance where = call.open();
  restore_names(where);
  const std::string id = resolve_container(where, words.front());
  stream in, out, err;
  if (detach) {
    in.theirs = file::open_at(AT_FDCWD, "/dev/null", O_RDWR);
    options.stdin_fd = options.stdout_fd = options.stderr_fd = in.theirs.get();
  } else if (options.tty) {
    options.size = io::tty::own_size();
  } else {
    in = input_stream(interactive);
    out = output_stream(1);
    err = output_stream(2);
    options.stdin_fd = in.theirs.get();
    options.stdout_fd = out.theirs.get();
    options.stderr_fd = err.theirs.get();
  }
  const bool has_terminal = options.tty;
  block_signals();
  asio::io_context loop(1);
  terminal_events events(true);
  container::engine on(where, loop.get_executor(), events);
  launch::started_process running = lxr::run(loop, container::exec(on, id, std::move(options)));
  if (detach) {
    if (has_terminal) hold_terminal(running);
    running.process.release();
    return 0;
  }
  in.theirs.reset();
  out.theirs.reset();
  err.theirs.reset();
  return attend(running, interactive, detach_keys, in, out, err);
}

}  // namespace lxr::cli
