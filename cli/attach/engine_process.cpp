// SPDX-License-Identifier: Apache-2.0
#include "cli/attach/engine_process.hpp"

#include <csignal>
#include <span>

#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/async/readiness.hpp"
#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"

namespace lxr::cli {

namespace channel = io::channel;

engine_process::engine_process(instance where, engine_side& side, terminal_events& events)
    : events_(events),
      side_(side),
      where_(std::move(where)),
      loop_(1),
      containers_(where_, loop_.get_executor(), events) {}

void engine_process::run(std::function<task<void>(engine_process&)> work) {
  lxr::run(loop_, supervise(std::move(work)));
}

task<void> engine_process::supervise(std::function<task<void>(engine_process&)> work) {
  std::exception_ptr failure;
  task_scope client(loop_.get_executor());
  {
    task_scope scope(loop_.get_executor());
    client.spawn(listen(scope));
    scope.spawn(work(*this));
    try {
      co_await scope.join();
    } catch (...) {
      failure = std::current_exception();
    }
  }
  if (is_cancelled(failure)) {
    side_.finished(128 + (cancelling_signal_ != 0 ? cancelling_signal_ : SIGINT));
  } else if (failure) {
    side_.finished(report_failure(failure));
  }
  try {
    co_await containers_.ended();
  } catch (...) {
    failure = std::current_exception();  // a record was not written: later commands derive the state from the kernel
  }
  co_await client.stop();
  co_await containers_.clean_up();
}

// Acts on the client's messages until the client ends. `work` may be destroyed before this coroutine ends; it is used
// only while the command's work goes on, that is, before focus() and finished().
task<void> engine_process::listen(task_scope& work) {
  readiness control(loop_.get_executor(), side_.control.get());
  for (;;) {
    co_await control.readable();
    session_message m{};
    const auto got = channel::receive_message(side_.control.get(), std::as_writable_bytes(std::span(&m, 1)),
                                              "the client", channel::wait_for_message::no);
    if (got.what == channel::received_message::none_yet) continue;
    const bool working = focus_.empty() && !side_.is_finished();
    if (got.what == channel::received_message::end_of_file) {
      if (working) work.cancel();
      side_.left();
      co_return;
    }
    if (m.what == session_message::resize) {
      size_ = {static_cast<unsigned short>(m.a), static_cast<unsigned short>(m.b)};
      monitor().resize(focus_, size_);
    }
    if (m.what == session_message::abandoned) monitor().abandon(focus_);
    if (m.what != session_message::signal) continue;
    if (!focus_.empty()) {
      monitor().send_signal(focus_, m.a);
    } else if (working && (m.a == SIGINT || m.a == SIGTERM || m.a == SIGHUP || m.a == SIGQUIT)) {
      cancelling_signal_ = m.a;
      work.cancel();
    }
  }
}

void engine_process::focus(const std::string& id) {
  focus_ = id;
  if (size_.rows != 0) monitor().resize(id, size_);
}

}  // namespace lxr::cli
