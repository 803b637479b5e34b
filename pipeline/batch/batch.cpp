#include "pipeline/batch/batch.hpp"

#include <algorithm>

#include "core/async/semaphore.hpp"
#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "core/base/error.hpp"
#include "core/state/names.hpp"
#include "pipeline/container/create.hpp"
#include "pipeline/container/remove.hpp"

namespace lxr::batch {
namespace {

using clock = std::chrono::steady_clock;

// The shared state of one batch; its coroutines are methods.
class batch_run {
 public:
  batch_run(container::engine& on, container::monitor& watcher, request what)
      : on_(on), watcher_(watcher), what_(std::move(what)), window_(std::max<std::size_t>(what_.parallel, 1)) {
    result_.containers.resize(what_.count);
  }

  task<summary> run() {
    const auto begin = clock::now();
    std::exception_ptr failure;
    try {
      task_scope scope(on_.executor);
      scope.spawn(admit(scope));
      co_await scope.join();
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) {
      auto removal = remove_all();
      co_await shielded(std::move(removal));
      std::rethrow_exception(failure);
    }
    result_.total = clock::now() - begin;
    co_return std::move(result_);
  }

 private:
  // One coroutine per start in progress, not per container: the window bounds both.
  task<void> admit(task_scope& scope) {
    for (std::size_t i = 0; i < what_.count; ++i) {
      auto permit = co_await window_.acquire();
      scope.spawn(start_one(i, std::move(permit)));
    }
  }

  task<void> start_one(std::size_t i, semaphore::permit) {
    outcome& out = result_.containers[i];
    container_config config = what_.config;
    config.name = what_.prefix + "-" + std::to_string(i + 1);
    out.name = config.name;
    const auto begin = clock::now();
    try {
      config = container::create(on_.where, std::move(config));
      out.id = config.id;
      container::launch_options options;
      options.background = true;
      auto starting = container::launch(on_, config, std::move(options));
      container::launched running = co_await std::move(starting);
      watcher_.watch(std::move(running));
      out.latency = clock::now() - begin;
      co_return;
    } catch (...) {
      if (!out.id.empty()) container::discard(on_.where, config);
      out.id.clear();
      if (is_cancelled(std::current_exception())) throw;
      out.failure = describe(std::current_exception());
    }
  }

  task<void> remove_all() {
    std::vector<std::string> ids;
    for (const outcome& o : result_.containers) {
      if (!o.id.empty()) ids.push_back(o.id);
    }
    const auto removals = co_await container::remove_many(on_.where, on_.cgroups, ids, true);
    for (const container::removal& r : removals) {
      if (r.failure) on_.events.message("could not remove container " + short_id(r.id) + ": " + describe(r.failure));
    }
  }

  container::engine& on_;
  container::monitor& watcher_;
  request what_;
  semaphore window_;
  summary result_;
};

}  // namespace

std::size_t summary::failed() const {
  return static_cast<std::size_t>(std::ranges::count_if(containers, [](const outcome& o) { return !o.failure.empty(); }));
}

std::chrono::nanoseconds summary::percentile(double p) const {
  std::vector<std::chrono::nanoseconds> sorted;
  for (const outcome& o : containers) {
    if (o.failure.empty()) sorted.push_back(o.latency);
  }
  if (sorted.empty()) return {};
  std::ranges::sort(sorted);
  return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
}

task<summary> run(container::engine& on, container::monitor& watcher, request what) {
  batch_run b(on, watcher, std::move(what));
  co_return co_await b.run();
}

}  // namespace lxr::batch
