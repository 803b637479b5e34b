// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/stop.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <csignal>

#include "core/async/readiness.hpp"
#include "core/async/run.hpp"
#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "io/process/child_process.hpp"
#include "pipeline/container/pause.hpp"

namespace lxr::container {
using std::chrono::seconds;

task<void> exited(int pidfd) {
  readiness end(co_await asio::this_coro::executor, pidfd);
  co_await end.readable();
}

task<void> kill_process(process_identity process) {
  const unique_fd pidfd = process.open();
  if (!pidfd) co_return;
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

task<void> exit_records::recorded(std::string id, process_identity init) {
  try {
    auto following = follow(id, init);
    co_await with_deadline(seconds(5), std::move(following), "record the end of", short_id(id));
  } catch (const error& e) {
    if (e.code() != errc::timed_out) throw;  // timed_out: other commands derive the state from the kernel
  }
}

task<void> exit_records::follow(std::string id, process_identity init) {
  const std::string directory = "/proc/self/fd/" + std::to_string(where_.state_fd()) + "/containers/" + id;
  const int watch =
      ::inotify_add_watch(watches_.get(), directory.c_str(), IN_MOVED_TO | IN_DELETE | IN_MOVE_SELF | IN_ONLYDIR);
  if (watch < 0) co_return;  // the container was removed
  for (;;) {
    const container_state raw = load_raw_state(where_, id);
    if (raw.init != init || !raw.monitor.is_alive()) break;
    co_await waiting_[watch].wait();
  }
  ::inotify_rm_watch(watches_.get(), watch);
  waiting_.erase(watch);
}

namespace {

task<void> settle_record(const instance& where, std::string id, process_identity init) {
  exit_records records(where);
  task_scope dispatching(co_await asio::this_coro::executor);
  dispatching.spawn(records.dispatch());
  co_await records.recorded(std::move(id), init);
  co_await dispatching.stop();
}

}  // namespace

container_state load_settled_state(const instance& where, const std::string& id) {
  container_state state = load_state(where, id);
  if (!state.ending) return state;
  asio::io_context loop(1);
  lxr::run(loop, settle_record(where, id, load_raw_state(where, id).init));
  return load_state(where, id);
}

namespace {

struct signalled {
  process_identity init;
  unique_fd pidfd;  // empty: not running
};

// Judges and signals under the container's lock: other commands come entirely before or after that.
// `ends`: the container is to end, so one that is paused goes on.
task<signalled> signal_running(const instance& where, std::string id, int signal, bool ends) {
  const container_lock lock = co_await lock_container(where, id);
  const container_state state = load_state(where, id);
  if (state.status == container_status::starting) {
    throw error(errc::conflict, "signal container", '"' + load_config(where, id).name + '"',
                "another lxr is starting it", "wait until it runs, or remove it with rm -f");
  }
  signalled out;
  if (state.status != container_status::running) co_return out;
  out.init = state.init;
  out.pidfd = state.init.open();
  if (out.pidfd) io::process::send_signal(out.pidfd.get(), signal);
  if (state.is_paused && ends) thaw(where, io::cgroup::layout::detect(), id);
  co_return out;
}

// Returns false when the process has not ended within `limit`.
task<bool> ended_within(int pidfd, seconds limit) {
  try {
    auto ending = exited(pidfd);
    co_await with_deadline(limit, std::move(ending), "stop", "process");
  } catch (const error& e) {
    if (e.code() != errc::timed_out) throw;
    co_return false;
  }
  co_return true;
}

task<void> end_by_kill(exit_records& records, std::string id, signalled target) {
  io::process::send_signal(target.pidfd.get(), SIGKILL);
  auto ending = exited(target.pidfd.get());
  co_await with_deadline(seconds(10), std::move(ending), "kill", short_id(id));
  co_await records.recorded(std::move(id), target.init);
}

}  // namespace

task<void> stop(const instance& where, exit_records& records, std::string id, stop_options how) {
  const bool at_once = how.limit == seconds(0);
  signalled target = co_await signal_running(where, id, at_once ? SIGKILL : how.signal, true);
  if (!target.pidfd) co_return;
  bool in_time = false;
  if (!at_once) in_time = co_await ended_within(target.pidfd.get(), how.limit);
  if (in_time) {
    co_await records.recorded(std::move(id), target.init);
  } else {
    co_await end_by_kill(records, std::move(id), std::move(target));
  }
}

task<void> kill(const instance& where, exit_records& records, std::string id, int signal) {
  signalled target = co_await signal_running(where, id, signal, signal == SIGKILL);
  if (!target.pidfd) {
    throw error(errc::conflict, "kill container", '"' + load_config(where, id).name + '"',
                "container not running: there is nothing to signal");
  }
  if (signal == SIGKILL) co_await end_by_kill(records, std::move(id), std::move(target));
}

}  // namespace lxr::container
