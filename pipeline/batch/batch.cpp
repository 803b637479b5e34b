// SPDX-License-Identifier: Apache-2.0
#include "pipeline/batch/batch.hpp"

#include <algorithm>
#include <optional>

#include "core/async/semaphore.hpp"
#include "core/async/shielded.hpp"
#include "core/async/task_scope.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "pipeline/container/create.hpp"
#include "pipeline/container/remove.hpp"

namespace lxr::batch {
namespace {

using clock = std::chrono::steady_clock;

// The state that the coroutines of one batch share; they are its methods.
// Lifecycle: run(), once.  Runs on: the loop's strand.  Failure, Cancel: as batch::run().
class batch_run {
 public:
  batch_run(container::engine& on, monitor::monitor& watcher, request what)
      : on_(on), watcher_(watcher), what_(std::move(what)), window_(std::max<std::size_t>(what_.parallel, 1)) {
    result_.containers.resize(what_.count);
    what_.slots = std::min(what_.slots, what_.count);
  }

  task<summary> run() {
    std::exception_ptr failure;
    try {
      if (what_.slots == 0 && what_.image_arrival) co_await what_.image_arrival();
      begin_ = clock::now();
      task_scope scope(on_.executor);
      if (what_.slots > 0) scope.spawn(await_image());
      if (what_.slots > 0) scope.spawn(release_slots());
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
    result_.total = clock::now() - begin_;
    co_return std::move(result_);
  }

 private:
  // One start in progress. While it waits in its slot it has no permit, so that others can start.
  struct attempt {
    std::optional<semaphore::permit> permit;
    clock::time_point begin;
    bool in_slot = false;
  };

  // Spawns one coroutine for each start, when the window (`parallel` permits) and the slots have room for it: so there
  // are only as many coroutines as starts in progress.
  task<void> admit(task_scope& scope) {
    for (; admitted_ < what_.count; ++admitted_) {
      if (what_.slots > 0 && slots_taken_ == what_.slots) {
        // Until `released_` is set only failures free slots, and each freed slot is filled again.
        while (slots_taken_ > (released_ ? what_.slots / 2 : what_.slots - 1)) co_await slots_changed_.wait();
      }
      auto permit = co_await window_.acquire();
      scope.spawn(start_one(admitted_, std::move(permit)));
    }
    slots_changed_.notify_all();
  }

  task<void> start_one(std::size_t i, semaphore::permit permit) {
    outcome& out = result_.containers[i];
    container_config config = what_.config;
    config.name = what_.prefix + "-" + std::to_string(i + 1);
    out.name = config.name;
    attempt mine{std::move(permit), clock::now(), what_.slots > 0};
    container_lock lock;
    if (mine.in_slot) ++slots_taken_;
    try {
      const bool coming = mine.in_slot && what_.image_arrival;
      container::created fresh =
          container::create(on_.where, on_.self(), std::move(config),
                            coming ? container::image_state::coming : container::image_state::stored);
      config = std::move(fresh.config);
      lock = std::move(fresh.lock);
      out.id = config.id;
      container::start_options options;
      options.background = true;
      if (mine.in_slot) options.until_image = [this, &mine] { return wait_in_slot(mine); };
      auto starting = container::start(on_, lock, config, std::move(options));
      container::launched running = co_await std::move(starting);
      watcher_.watch(std::move(running));
      out.latency = clock::now() - mine.begin;
      co_return;
    } catch (...) {
      if (lock) container::discard(on_.where, config);
      out.id.clear();
      if (is_cancelled(std::current_exception())) throw;
      out.failure = describe(std::current_exception());
    }
    if (what_.all_or_nothing) {
      throw error(errc::conflict, "start all of the batch", "", out.name + ": " + out.failure,
                  "nothing of it is left, as --all-or-nothing asks");
    }
    if (mine.in_slot) leave_slot(mine);
  }

  task<void> wait_in_slot(attempt& mine) {
    mine.permit.reset();
    ++slots_complete_;
    slots_changed_.notify_all();
    while (!released_) co_await slots_released_.wait();
    mine.permit.emplace(co_await window_.acquire());
    mine.begin = clock::now();
    --slots_complete_;
    leave_slot(mine);
  }

  void leave_slot(attempt& mine) {
    mine.in_slot = false;
    --slots_taken_;
    slots_changed_.notify_all();
  }

  // Waits for the image while slots are being made. When the image fails, this fails and so ends the making of slots.
  task<void> await_image() {
    if (what_.image_arrival) co_await what_.image_arrival();
    image_arrived_ = true;
    slots_changed_.notify_all();
  }

  // Releases the starts that wait in slots: once all slots are complete (or no more can be made) and the image is in
  // the store.
  task<void> release_slots() {
    while (slots_complete_ < slots_taken_ || (slots_taken_ < what_.slots && admitted_ < what_.count))
      co_await slots_changed_.wait();
    result_.slots = slots_complete_;
    result_.filling = clock::now() - begin_;
    while (!image_arrived_) co_await slots_changed_.wait();
    begin_ = clock::now();
    released_ = true;
    slots_released_.notify_all();
  }

  task<void> remove_all() {
    std::vector<std::string> ids;
    for (const outcome& o : result_.containers) {
      if (!o.id.empty()) ids.push_back(o.id);
    }
    const auto removals = co_await container::remove_many(on_.where, on_.cgroups, ids, container::removal_mode::any);
    for (const container::removal& r : removals) {
      if (r.failure) on_.events.message("could not remove container " + short_id(r.id) + ": " + describe(r.failure));
    }
  }

  container::engine& on_;
  monitor::monitor& watcher_;
  request what_;
  semaphore window_;
  summary result_;
  clock::time_point begin_;  // of the first start
  std::size_t admitted_ = 0;
  std::size_t slots_taken_ = 0, slots_complete_ = 0;  // the first also counts slots that are still being made
  bool image_arrived_ = false, released_ = false;
  waiter_list slots_changed_, slots_released_;
};

}  // namespace

std::size_t summary::failed() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(containers, [](const outcome& o) { return !o.failure.empty(); }));
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

task<summary> run(container::engine& on, monitor::monitor& watcher, request what) {
  batch_run b(on, watcher, std::move(what));
  co_return co_await b.run();
}

}  // namespace lxr::batch
