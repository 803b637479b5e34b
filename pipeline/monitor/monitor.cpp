// SPDX-License-Identifier: Apache-2.0
#include "pipeline/monitor/monitor.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <cstring>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/cgroup/removal.hpp"
#include "io/tty/terminal.hpp"
#include "pipeline/container/kernel_objects.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/container/stop.hpp"
#include "pipeline/network/port_relay.hpp"

namespace lxr::monitor {

using io::child::child_report;

namespace {

constexpr auto without_limit = std::chrono::hours(24 * 365);

}  // namespace

// Output of a container for an attached client. While the container runs, no more is read from it once 64 KiB wait for
// the client: a slow client slows the container down. After the exit all output is read.
struct monitor::client_stream {
  static constexpr std::size_t backlog_limit = 64u << 10;
  int fd = -1;
  std::string backlog;
  waiter_list changed;
  bool over = false;  // nothing follows the backlog
};

struct monitor::subject {
  subject(const instance& where, container::launched l, client_streams c, on_exit e)
      : container(std::move(l)), client(std::move(c)), ended(std::move(e)), log([&where, id = container.config.id] {
          return file::open_at(where.root_fd(), "containers/" + id, O_RDONLY | O_DIRECTORY);
        }) {
    output.fd = client.output.get();
    errors.fd = client.errors.get();
  }

  container::launched container;
  client_streams client;
  on_exit ended;
  log_file log;
  unique_fd pidfd;
  std::string start_failure;
  client_stream output, errors;
  bool exited = false;
};

void monitor::watch(container::launched container, client_streams client, on_exit ended) {
  const std::string id = container.config.id;
  auto s = std::make_shared<subject>(engine_.where, std::move(container), std::move(client), std::move(ended));
  s->pidfd = s->container.process.take_pidfd();
  s->container.process.release();
  if (subjects_.size() >= with_low_numbers) {
    for (unique_fd* kept : {&s->pidfd, &s->container.output, &s->container.errors})
      *kept = io::process::move_to_high_number(std::move(*kept));
  }
  subjects_[id] = s;
  scope_.spawn(supervise(s));
}

namespace {

// Waits for the children of a scope. A failure among them concerns the streams of one container and must not end
// others.
task<void> join_quietly(task_scope& scope) {
  try {
    co_await scope.join();
  } catch (const std::exception&) {
    // A stream could not be copied any further; the exit is still recorded.
  }
}

}  // namespace

// Waits until the dead process can be reaped: if another process traces it (ptrace(2)), not before its tracer has
// reaped it.
task<io::process::exit_status> monitor::reaped(int pidfd) {
  asio::steady_timer soon(engine_.executor);
  for (;;) {
    if (const auto status = io::process::reap(pidfd, false)) co_return *status;
    soon.expires_after(std::chrono::milliseconds(20));
    co_await soon.async_wait(as_result);
  }
}

// Supervises one container until its exit is recorded. Never throws: a failure would cancel the supervision of all
// other containers.
task<void> monitor::supervise(std::shared_ptr<subject> s) {
  task_scope output(engine_.executor), input(engine_.executor), clients(engine_.executor), ports(engine_.executor);
  output.spawn(copy_output(s, s->container.output.get(), s->output, "stdout"));
  if (s->container.errors) output.spawn(copy_output(s, s->container.errors.get(), s->errors, "stderr"));
  if (s->container.process.channel() >= 0) output.spawn(follow_start(s));
  if (s->client.input && s->container.config.process.tty) input.spawn(copy_input(s));
  for (client_stream* to : {&s->output, &s->errors}) {
    if (to->fd >= 0) clients.spawn(forward(*to));
  }
  if (!s->container.ports.empty())
    ports.spawn(network::relay_ports(s->container.ports, network::target_of_ports(engine_.where, s->container.state)));
  try {
    co_await container::exited(s->pidfd.get());
  } catch (const cancelled&) {
    output.cancel();
  } catch (const error&) {
    // The kernel refuses to watch the pidfd: reaped() polls it.
  }
  s->exited = true;
  s->output.changed.notify_all();
  s->errors.changed.notify_all();
  // The kernel kills all processes of a PID namespace with its first one, and those in another's are killed here: so
  // end of file on the output is near.
  if (!s->container.config.namespaces.pid.empty())
    io::cgroup::kill(engine_.cgroups, container::cgroup_path(engine_.where, s->container.config.id), SIGKILL);
  co_await join_quietly(output);
  co_await input.stop();
  co_await ports.stop();
  s->container.ports.clear();  // before others can see the exit, and want them
  int code = 125;
  try {
    const io::process::exit_status status = co_await reaped(s->pidfd.get());
    code = status.code;
    co_await record_exit(s, status);
  } catch (const std::exception&) {
    // The state cannot be written: it will be derived from the kernel.
  }
  for (client_stream* to : {&s->output, &s->errors}) {
    to->over = true;
    to->changed.notify_all();
  }
  co_await join_quietly(clients);
  s->client = {};
  if (s->ended) s->ended(code);
  subjects_.erase(s->container.config.id);
}

// Throws only lxr::cancelled: a stream that fails must not end the copying of the other one or the supervision.
task<void> monitor::copy_output(std::shared_ptr<subject> s, int from, client_stream& to, const char* stream) {
  readiness source(engine_.executor, from);
  for (;;) {
    while (to.backlog.size() > client_stream::backlog_limit && !s->exited) co_await to.changed.wait();
    co_await source.readable();
    const ssize_t got = ::read(from, buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) co_return;  // end of file; EIO: a terminal without users
    const std::string_view bytes(buffer_.data(), static_cast<std::size_t>(got));
    try {
      s->log.append(stream, bytes, unix_time_ns());
    } catch (const error&) {
      // On a full disk the container goes on, and its client still gets the output.
    }
    hand_to_client(to, bytes);
  }
}

void monitor::hand_to_client(client_stream& to, std::string_view bytes) {
  if (to.fd < 0) return;
  if (to.backlog.empty()) {
    const ssize_t put = ::write(to.fd, bytes.data(), bytes.size());
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
      to.fd = -1;  // the client is gone; container and log go on
      return;
    }
    if (put > 0) bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  if (bytes.empty()) return;
  to.backlog += bytes;
  to.changed.notify_all();
}

task<void> monitor::forward(client_stream& to) {
  readiness sink(engine_.executor, to.fd);
  while (to.fd >= 0 && !(to.over && to.backlog.empty())) {
    if (to.backlog.empty()) {
      co_await to.changed.wait();
      continue;
    }
    co_await sink.writable();
    const ssize_t put = ::write(to.fd, to.backlog.data(), to.backlog.size());
    if (put > 0) to.backlog.erase(0, static_cast<std::size_t>(put));
    if (put < 0 && errno != EAGAIN && errno != EINTR) {
      to.fd = -1;
      to.backlog.clear();
    }
    to.changed.notify_all();
  }
}

task<void> monitor::copy_input(std::shared_ptr<subject> s) {
  readiness source(engine_.executor, s->client.input.get());
  // A duplicate, because the loop watches the first descriptor for output and watches no descriptor twice.
  const unique_fd terminal(::fcntl(s->container.output.get(), F_DUPFD_CLOEXEC, 0));
  if (!terminal) throw_errno("copy", "terminal");
  for (;;) {
    co_await source.readable();
    const ssize_t got = ::read(s->client.input.get(), buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) co_return;
    std::string typed(buffer_.data(), static_cast<std::size_t>(got));
    co_await copy_to_terminal(terminal.get(), std::move(typed));
  }
}

// Writes input to a terminal. A terminal takes 4 KiB until its program reads (n_tty); this waits for room for the rest,
// and copy_input() reads no further input meanwhile.
task<void> monitor::copy_to_terminal(int terminal, std::string bytes) {
  readiness sink(engine_.executor, terminal);
  while (!bytes.empty()) {
    const ssize_t put = ::write(terminal, bytes.data(), bytes.size());
    if (put > 0) bytes.erase(0, static_cast<std::size_t>(put));
    if (put < 0 && errno != EAGAIN && errno != EINTR) throw_errno("write to", "terminal");
    if (!bytes.empty()) co_await sink.writable();
  }
}

// For a container that waits in lxr-init: keeps the reason when its program cannot be executed. record_exit() writes it
// into the state record.
task<void> monitor::follow_start(std::shared_ptr<subject> s) {
  readiness channel(engine_.executor, s->container.process.channel());
  for (;;) {
    co_await channel.readable();
    const auto message = s->container.process.receive();
    if (!message) break;
    if (message->report.what == child_report::failed) s->start_failure = std::strerror(message->report.error);
  }
  s->container.process.close_channel();
}

task<void> monitor::record_exit(std::shared_ptr<subject> s, io::process::exit_status status) {
  // Another process may hold the lock for long. Only this container waits for it.
  const container_lock lock = co_await lock_container(engine_.where, s->container.config.id, without_limit);
  save_exit(*s, status);
}

void monitor::save_exit(subject& s, io::process::exit_status status) {
  const std::string& id = s.container.config.id;
  container_state state = s.container.state;
  quietly([&] { state = load_raw_state(engine_.where, id); });
  if (state.init != s.container.state.init) return;  // another process has started it again
  state.status = container_status::exited;
  state.exit_code = status.code;
  state.finished_ns = unix_time_ns();
  state.failure = s.start_failure;
  state.oom_killed = s.container.config.resources.memory > 0 &&
                     container::cgroup_of(engine_.where, engine_.cgroups, id, state).had_oom_kill();
  container::release_kernel_objects(engine_.where, engine_.cgroups, id, state);
  state.init = {};
  state.is_paused = false;
  state.networks.clear();
  state.ports.clear();
  state.egress.reset();
  if (s.container.config.lifecycle.auto_remove) {
    container::discard_files(engine_.where, s.container.config);
  } else {
    save_ended(engine_.where, id, state);
  }
}

void monitor::abandon(const std::string& id) {
  const auto found = subjects_.find(id);
  if (found != subjects_.end() && found->second->container.config.lifecycle.auto_remove)
    scope_.spawn(stop_abandoned(found->second));
}

task<void> monitor::stop_abandoned(std::shared_ptr<subject> s) {
  const int limit = s->container.config.lifecycle.stop_timeout;
  io::process::send_signal(s->pidfd.get(), s->container.stop_signal);
  if (limit < 0) co_return;  // a negative timeout: no SIGKILL
  try {
    auto ending = container::exited(s->pidfd.get());
    co_await with_deadline(std::chrono::seconds(limit), std::move(ending), "stop", s->container.config.name);
    co_return;
  } catch (const error&) {
    // errc::timed_out: the process still runs.
  }
  io::process::send_signal(s->pidfd.get(), SIGKILL);
}

void monitor::send_signal(const std::string& id, int number) noexcept {
  if (const auto found = subjects_.find(id); found != subjects_.end())
    io::process::send_signal(found->second->pidfd.get(), number);
}

void monitor::resize(const std::string& id, io::tty::terminal_size size) noexcept {
  const auto found = subjects_.find(id);
  if (found == subjects_.end() || !found->second->container.config.process.tty) return;
  io::tty::set_size(found->second->container.output.get(), size);
}

}  // namespace lxr::monitor
