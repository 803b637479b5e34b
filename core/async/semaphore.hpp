#pragma once

#include <utility>

#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"

namespace lxr {

// A bound on how many coroutines do something at once.
// Lifecycle: outlives its permits.  Runs on: one strand.  Cancel: terminal; no permit is lost.
class semaphore {
 public:
  // The right to go on; gives itself back when destroyed.
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
  // Halves the number of permits, down to one. Those that are out beyond the new number are not given again.
  void halve() noexcept;
  [[nodiscard]] std::size_t available() const noexcept { return free_; }
  [[nodiscard]] std::size_t total() const noexcept { return total_; }

 private:
  void give_back() noexcept;

  std::size_t total_, free_;
  std::size_t surplus_ = 0;  // permits that are out and not to be given again
  waiter_list waiters_;
};

}  // namespace lxr
