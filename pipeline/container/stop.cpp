#include "pipeline/container/stop.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <csignal>

#include "core/async/readiness.hpp"
#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "core/state/container_config.hpp"
#include "core/state/names.hpp"
#include "io/process/child_process.hpp"

namespace lxr::container {
using std::chrono::seconds;

task<void> exited(int pidfd) {
  readiness end(co_await asio::this_coro::executor, pidfd);
  co_await end.readable();
}

task<void> end_process(process_identity process, int signal, seconds limit) {
  const unique_fd pidfd = process.open();
  if (!pidfd) co_return;
  io::process::send_signal(pidfd.get(), signal);
  if (limit < seconds(0)) {
    co_await exited(pidfd.get());
    co_return;
  }
  bool in_time = limit > seconds(0) || signal == SIGKILL;
  if (in_time) {
    try {
      auto ending = exited(pidfd.get());
      co_await with_deadline(std::max(limit, seconds(1)), std::move(ending), "stop", "process " + std::to_string(process.pid));
    } catch (const error& e) {
      if (e.code() != errc::timed_out) throw;
      in_time = false;
    }
  }
  if (in_time) co_return;
  io::process::send_signal(pidfd.get(), SIGKILL);
  auto ending = exited(pidfd.get());
  co_await with_deadline(seconds(10), std::move(ending), "kill", "process " + std::to_string(process.pid));
}

exit_records::exit_records(const instance& where) : where_(where), watches_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!watches_) throw_errno("watch", "containers");
}

task<void> exit_records::dispatch() {
  readiness changed(co_await asio::this_coro::executor, watches_.get());
  alignas(inotify_event) char events[16384];
  for (;;) {
    co_await changed.readable();
    for (ssize_t left; (left = ::read(watches_.get(), events, sizeof events)) > 0;) {
      for (const char* at = events; at < events + left;) {
        const auto* event = reinterpret_cast<const inotify_event*>(at);
        if (const auto found = waiting_.find(event->wd); found != waiting_.end()) found->second.notify_all();
        at += sizeof *event + event->len;
      }
    }
  }
}

task<void> exit_records::recorded(std::string id) {
  const std::string directory = "/proc/self/fd/" + std::to_string(where_.state_fd()) + "/containers/" + id;
  const int watch = ::inotify_add_watch(watches_.get(), directory.c_str(), IN_MOVED_TO | IN_MOVE_SELF | IN_ONLYDIR);
  if (watch < 0) co_return;  // it was removed
  for (;;) {
    const container_state raw = load_raw_state(where_, id);
    if (raw.status == container_status::exited || !raw.monitor.is_alive()) break;
    co_await waiting_[watch].wait();
  }
  ::inotify_rm_watch(watches_.get(), watch);
  waiting_.erase(watch);
}

task<void> stop(const instance& where, exit_records& records, std::string id, seconds limit, int signal) {
  const container_state state = load_state(where, id);
  if (state.init.pid == 0) co_return;
  // A container that still waits to be started has nothing that could end gracefully.
  const bool running = state.status == container_status::running;
  co_await end_process(state.init, running ? signal : SIGKILL, limit);
  try {
    auto recorded = records.recorded(id);
    co_await with_deadline(seconds(5), std::move(recorded), "record the end of", id);
  } catch (const error& e) {
    if (e.code() != errc::timed_out) throw;  // what ps shows is derived from the kernel all the same
  }
}

void kill(const instance& where, const std::string& id, int signal) {
  const container_state state = load_state(where, id);
  const unique_fd pidfd = state.status == container_status::running ? state.init.open() : unique_fd();
  if (!pidfd) {
    throw error(errc::conflict, "kill container", '"' + load_config(where, id).name + '"', "it is not running");
  }
  io::process::send_signal(pidfd.get(), signal);
}

}  // namespace lxr::container
