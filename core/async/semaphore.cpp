#include "core/async/semaphore.hpp"

namespace lxr {

task<semaphore::permit> semaphore::acquire() {
  while (free_ == 0) co_await waiters_.wait();
  --free_;
  co_return permit(this);
}

void semaphore::give_back() noexcept {
  ++free_;
  waiters_.notify_one();
}

}  // namespace lxr
