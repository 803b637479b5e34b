// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"

namespace lxr {

// A bound on how many coroutines do something at the same time.
// Lifecycle: outlives its permits.
// Runs on: one strand.
// Failure: acquire() throws only lxr::cancelled.
// Cancel: terminal; no permit is lost.
class semaphore {
 public:
  // One unit of the bound. Lifecycle: the destructor gives it back.  Borrows: the semaphore.
  class permit {
   public:
    permit(permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
    permit& operator=(permit&&) = delete;
    ~permit() {
      if (owner_ != nullptr) owner_->give_back();
    }

   private:
    friend class semaphore;
    explicit permit(semaphore* owner) noexcept : owner_(owner) {}
    semaphore* owner_;
  };

  explicit semaphore(std::size_t permits) : total_(permits), free_(permits) {}
  task<permit> acquire();
  // Halves total(), to no less than 1. Permits in use beyond the new total are not handed out again when they come
  // back.
  void halve() noexcept;
  [[nodiscard]] std::size_t available() const noexcept { return free_; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  void give_back() noexcept;

  std::size_t total_, free_;
  std::size_t surplus_ = 0;  // permits in use that give_back() is to drop
  waiter_list waiters_;
};

}  // namespace lxr
