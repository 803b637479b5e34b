#include "core/async/offload.hpp"

#include <algorithm>

namespace lxr {

void worker_pool::submit(std::unique_ptr<job> what, std::uint64_t urgency) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({urgency, sequence_++, std::move(what)});
    std::ranges::push_heap(waiting_, std::less<>());
  }
  asio::post(pool_, [this] { run_one(); });  // one turn for each job, but whose turn it is shows when it comes
}

void worker_pool::run_one() {
  std::unique_ptr<job> next;
  {
    const std::lock_guard lock(mutex_);
    std::ranges::pop_heap(waiting_, std::less<>());
    next = std::move(waiting_.back().what);
    waiting_.pop_back();
  }
  next->run();
}

}  // namespace lxr
