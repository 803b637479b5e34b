// SPDX-License-Identifier: Apache-2.0
#include "cli/attach/host.hpp"

#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "cli/print/exit_code.hpp"
#include "cli/print/output.hpp"
#include "core/async/readiness.hpp"
#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/own_program.hpp"
#include "core/instance/trash.hpp"
#include "pipeline/container/remove.hpp"
#include "pipeline/image_worker/client.hpp"

namespace lxr::cli {
namespace {

// A monitor holds three descriptors per container, five once it logs.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

host::host(instance where, engine_side& side, terminal_events& events)
    : events_(events),
      side_(side),
      where_(std::move(where)),
      loop_(1),
      engine_(where_, loop_.get_executor(), events),
      monitor_(engine_) {
  raise_descriptor_limit();
}

void host::run(std::function<task<void>(host&)> work) { lxr::run(loop_, supervise(std::move(work))); }

task<void> host::supervise(std::function<task<void>(host&)> work) {
  std::exception_ptr failure;
  task_scope client(engine_.executor);
  {
    task_scope scope(engine_.executor);
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
    co_await monitor_.run();
  } catch (...) {
    failure = std::current_exception();  // of one container's bookkeeping: its state is derived from the kernel
  }
  client.cancel();
  try {
    co_await client.join();
  } catch (const cancelled&) {
    // asked for
  }
  empty_trash(where_);
  co_await linger();
}

// The next command often follows at once: it finds network and image as they are. They go when it does not.
task<void> host::linger() {
  asio::steady_timer idle(engine_.executor, std::chrono::seconds(1));
  co_await network::remove_when_idle(where_);
  if (engine_.lends()) co_await idle.async_wait(as_result);
}

// The scope may end before this coroutine does: it is used only while work goes on, which focus_ and finished() mark.
task<void> host::listen(task_scope& work) {
  readiness control(engine_.executor, side_.control.get());
  for (;;) {
    co_await control.readable();
    session_message m{};
    const ssize_t got = ::recv(side_.control.get(), &m, sizeof m, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    const bool working = focus_.empty() && !side_.is_finished();
    if (got <= 0) {
      if (working) work.cancel();
      side_.left();
      co_return;
    }
    if (m.what == session_message::resize) {
      rows_ = m.a;
      columns_ = m.b;
      monitor_.resize(focus_, static_cast<unsigned short>(rows_), static_cast<unsigned short>(columns_));
    }
    if (m.what == session_message::abandoned) monitor_.abandon(focus_);
    if (m.what != session_message::signal) continue;
    if (!focus_.empty()) {
      monitor_.send_signal(focus_, m.a);
    } else if (working && (m.a == SIGINT || m.a == SIGTERM || m.a == SIGHUP || m.a == SIGQUIT)) {
      cancelling_signal_ = m.a;
      work.cancel();
    }
  }
}

void host::focus(const std::string& id) {
  focus_ = id;
  if (rows_ != 0) monitor_.resize(id, static_cast<unsigned short>(rows_), static_cast<unsigned short>(columns_));
}

task<void> image_arrival::until_known() {
  while (!known && !failed) co_await changed.wait();
  if (failed) throw cancelled(cancel_reason::sibling_failed);
}

task<void> image_arrival::until_stored() {
  while (!stored && !failed) co_await changed.wait();
  if (failed) throw cancelled(cancel_reason::sibling_failed);
}

task<void> host::with_image(const image_flags& flags, container_config& config,
                            std::function<task<void>(image_arrival&)> work) {
  image_arrival arrival;
  std::exception_ptr failure;
  task_scope fetching(engine_.executor);
  fetching.spawn(fetch_image(flags, config, arrival));
  try {
    co_await arrival.until_known();
    auto working = work(arrival);
    co_await std::move(working);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) fetching.cancel();
  try {
    co_await fetching.join();
  } catch (...) {
    if (!failure || is_cancelled(failure)) failure = std::current_exception();
  }
  if (failure) std::rethrow_exception(failure);
}

task<void> host::fetch_image(const image_flags& flags, container_config& config, image_arrival& arrival) {
  try {
    auto found = flags.pull == "always" ? std::nullopt : engine_.images.find(config.image);
    if (found && !flags.architecture.empty() &&
        !oci::platform::parse(flags.architecture).accepts("", engine_.images.load(found->id).config.architecture))
      found.reset();
    if (!found && flags.pull == "never") {
      throw error(errc::not_found, "use image", config.image, "it is not in the store and --pull=never was given");
    }
    if (found) {
      config.image_id = found->id;
      if (found->is_named()) config.image = found->name.familiar();
    } else {
      const auto known = [&](const std::string& id) {
        config.image_id = id;
        arrival.known = true;
        arrival.changed.notify_all();
      };
      transfer::pull_request request{config.image, flags.architecture, flags.plain_http, flags.parallel_downloads};
      auto pulling = image_worker::pull(where_, own_program("lxr-image"), request, events_, known);
      const transfer::pull_result pulled = co_await std::move(pulling);
      events_.finish_progress();
      config.image_id = pulled.image_id;
    }
    arrival.known = arrival.stored = true;
    arrival.changed.notify_all();
  } catch (...) {
    arrival.failed = true;
    arrival.changed.notify_all();
    throw;
  }
}

}  // namespace lxr::cli
