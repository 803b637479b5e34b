// SPDX-License-Identifier: Apache-2.0
#include "pipeline/engine/supervision.hpp"

#include <sys/resource.h>

#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/instance/trash.hpp"
#include "pipeline/container/remove.hpp"

namespace lxr::engine {
namespace {

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

}  // namespace

supervision::supervision(const instance& where, const asio::any_io_executor& executor, event_sink& events)
    : engine_(where, executor, events), monitor_(engine_) {
  raise_descriptor_limit();
}

task<void> supervision::ended() {
  if (!engine_.names.has_entered()) {
    co_await monitor_.run();
    co_return;
  }
  task_scope keeping(engine_.executor);
  keeping.spawn(engine_.names.keep());
  std::exception_ptr failure;
  try {
    co_await monitor_.run();
  } catch (...) {
    failure = std::current_exception();
  }
  co_await keeping.stop();
  if (failure) std::rethrow_exception(failure);
}

task<void> supervision::clean_up() {
  empty_trash(engine_.where);
  asio::steady_timer idle(engine_.executor, std::chrono::seconds(1));
  if (engine_.has_networks()) co_await network::remove_when_idle(engine_.where);
  if (engine_.lends()) co_await idle.async_wait(as_result);
}

}  // namespace lxr::engine
