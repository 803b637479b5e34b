// SPDX-License-Identifier: Apache-2.0
#include "core/async/semaphore.hpp"

#include <algorithm>

namespace lxr {

task<semaphore::permit> semaphore::acquire() {
  while (free_ == 0) co_await waiters_.wait();
  --free_;
  co_return permit(this);
}

void semaphore::halve() noexcept {
  for (const std::size_t target = std::max<std::size_t>(1, total_ / 2); total_ > target; --total_) {
    if (free_ > 0) {
      --free_;
    } else {
      ++surplus_;
    }
  }
}

void semaphore::give_back() noexcept {
  if (surplus_ > 0) {
    --surplus_;
    return;
  }
  ++free_;
  waiters_.notify_one();
}

}  // namespace lxr
