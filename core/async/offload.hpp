// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <variant>
#include <vector>

#include "core/async/task.hpp"

namespace lxr {

// A few threads for CPU work and blocking calls. The waiting job with the greatest `urgency` runs next; among equals
// the one that was submitted first.
// Lifecycle: outlives every offload() on it. The destructor runs all jobs that wait, then joins the threads.
// Runs on: submit() may be called from any thread; jobs run on the pool's threads.
// Owns: the threads and the jobs that wait.
// Failure: the constructor makes do with fewer threads than asked for. It throws error{errc::exhausted} when it gets
//   none.
class worker_pool {
 public:
  // Runs on: run() is called once, on a thread of the pool.  Owns: whatever it needs; the pool destroys it after run().
  class job {
   public:
    virtual ~job() = default;
    virtual void run() noexcept = 0;
  };

  static constexpr std::uint64_t at_once = UINT64_MAX;  // the greatest urgency: the default

  explicit worker_pool(std::size_t threads);
  ~worker_pool();
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  void submit(std::unique_ptr<job> what, std::uint64_t urgency);

 private:
  struct waiting {
    std::uint64_t urgency, sequence;
    std::unique_ptr<job> what;
    bool operator<(const waiting& other) const noexcept {
      return urgency != other.urgency ? urgency < other.urgency : sequence > other.sequence;
    }
  };
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<waiting> waiting_;  // a heap; its front runs next
  std::uint64_t sequence_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

namespace detail {
// Runs `work` on a thread of the pool, then posts `handler` to the handler's executor.
// Owns: both, and a work guard: the loop does not end while the job waits or runs.
template <class Work, class Handler>
class offloaded final : public worker_pool::job {
 public:
  offloaded(Work work, Handler handler)
      : work_(std::move(work)), handler_(std::move(handler)), guard_(asio::get_associated_executor(handler_)) {}
  void run() noexcept override {
    work_();
    asio::post(guard_.get_executor(), std::move(handler_));
  }

 private:
  Work work_;
  Handler handler_;
  asio::executor_work_guard<asio::associated_executor_t<Handler>> guard_;  // keeps the handler's loop running
};
}  // namespace detail

// Runs `job` on a thread of the pool, then resumes the caller on its own strand with the result. Keep jobs short.
// Borrows: the pool and everything `job` refers to, until offload() returns. It always waits for a job that was
//   submitted, because a running job cannot be interrupted.
// Failure: rethrows the exception of the job.
// Cancel: terminal; takes effect before the job is submitted or after it has ended, then the result is dropped.
template <class Job>
task<std::invoke_result_t<Job&>> offload(worker_pool& pool, Job job, std::uint64_t urgency = worker_pool::at_once) {
  using result_type = std::invoke_result_t<Job&>;
  co_await checkpoint();
  std::exception_ptr failure;
  std::conditional_t<std::is_void_v<result_type>, std::monostate, std::optional<result_type>> result;
  const auto work = [&] {
    try {
      if constexpr (std::is_void_v<result_type>) {
        job();
      } else {
        result.emplace(job());
      }
    } catch (...) {
      failure = std::current_exception();
    }
  };
  const auto start = [&](auto handler) {
    pool.submit(std::make_unique<detail::offloaded<decltype(work), decltype(handler)>>(work, std::move(handler)),
                urgency);
  };
  // The empty slot keeps a cancellation of the caller from ending the wait while the job still runs.
  auto uncancelled = asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable);
  co_await asio::async_initiate<decltype(uncancelled), void()>(start, uncancelled);
  if (failure) std::rethrow_exception(failure);
  co_await checkpoint();
  if constexpr (!std::is_void_v<result_type>) co_return std::move(*result);
}

}  // namespace lxr
