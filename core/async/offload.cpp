// SPDX-License-Identifier: Apache-2.0
#include "core/async/offload.hpp"

#include <algorithm>
#include <exception>

#include "core/base/error.hpp"

namespace lxr {

worker_pool::worker_pool(std::size_t threads) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::exception& e) {
    if (threads_.empty())
      throw error(errc::exhausted, "start a thread", "", e.what(), "a limit of processes or memory is reached");
  }
}

worker_pool::~worker_pool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (std::thread& t : threads_) t.join();
}

void worker_pool::submit(std::unique_ptr<job> what, std::uint64_t urgency) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({urgency, sequence_++, std::move(what)});
    std::ranges::push_heap(waiting_, std::less<>());
  }
  changed_.notify_one();
}

void worker_pool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::ranges::pop_heap(waiting_, std::less<>());
    std::unique_ptr<job> next = std::move(waiting_.back().what);
    waiting_.pop_back();
    lock.unlock();
    next->run();
    next.reset();
    lock.lock();
  }
}

}  // namespace lxr
