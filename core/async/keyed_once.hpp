// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <map>
#include <memory>
#include <optional>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/error.hpp"

namespace lxr {

// Runs a piece of work once per key, however many coroutines ask for that key at the same time.
// Lifecycle: outlives every run(); a key is forgotten when its run ends, so that a later run() works again.
// Runs on: one strand.
// Owns: the results of the runs in progress. Coroutines that wait for a run share its result until each has its copy.
// Failure: every coroutine that waits for the run gets the exception of `work`; the next run() works again.
// Cancel: terminal. When the coroutine that does the work is cancelled, one of those that wait does the work instead.
template <class Key, class Value>
class keyed_once {
 public:
  // Calls `work` at most once. Pass it by value: it must stay valid until run() returns.
  template <class Work>
  task<Value> run(Key key, Work work) {
    for (;;) {
      auto found = runs_.find(key);
      if (found == runs_.end()) break;
      const std::shared_ptr<flight> other = found->second;
      while (!other->done) co_await other->finished.wait();
      if (other->failure) std::rethrow_exception(other->failure);
      if (other->value) co_return *other->value;
    }
    auto mine = std::make_shared<flight>();
    const landing on_end(runs_, key, mine);
    try {
      mine->value = co_await work();
    } catch (...) {
      if (!is_cancelled(std::current_exception())) mine->failure = std::current_exception();
      throw;
    }
    co_return *mine->value;
  }

 private:
  struct flight {
    bool done = false;
    std::optional<Value> value;
    std::exception_ptr failure;
    waiter_list finished;
  };
  using flights = std::map<Key, std::shared_ptr<flight>>;

  // Ends the run on every way out of run(), also when the coroutine is destroyed: forgets the key and wakes those that
  // wait.
  class landing {
   public:
    landing(flights& all, Key key, std::shared_ptr<flight> mine)
        : all_(all), key_(std::move(key)), mine_(std::move(mine)) {
      all_.emplace(key_, mine_);
    }
    ~landing() {
      mine_->done = true;
      all_.erase(key_);
      mine_->finished.notify_all();
    }
    landing(const landing&) = delete;
    landing& operator=(const landing&) = delete;

   private:
    flights& all_;
    Key key_;
    std::shared_ptr<flight> mine_;
  };

  flights runs_;
};

}  // namespace lxr
