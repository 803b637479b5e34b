#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <type_traits>

#include "core/async/task.hpp"

namespace lxr {

// A few threads for CPU work and blocking calls.
// Lifecycle: outlives every offload() on it; the destructor waits for jobs already running.
class worker_pool {
 public:
  explicit worker_pool(std::size_t threads) : pool_(threads) {}
  ~worker_pool() { pool_.join(); }
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  asio::any_io_executor executor() { return pool_.get_executor(); }

 private:
  asio::thread_pool pool_;
};

namespace detail {
template <class Job>
task<std::invoke_result_t<Job&>> run_job(Job job) {
  co_return job();
}
}  // namespace detail

// Runs `job` on the pool and resumes the caller on its own strand with the result or the exception.
// What the job refers to must live until this returns: it always waits for the job, because a running job cannot be
// interrupted. Cancel: terminal, takes effect before the job starts or after it ends. Keep jobs short.
template <class Job>
task<std::invoke_result_t<Job&>> offload(worker_pool& pool, Job job) {
  co_await checkpoint();
  auto running = entry_point(detail::run_job<Job>(std::move(job)));
  // No cancellation reaches the pool: a running job is waited for, and Asio 1.26 hands a signal across executors
  // through a pointer that may dangle by then.
  const auto apart = [] { return asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable); };
  if constexpr (std::is_void_v<std::invoke_result_t<Job&>>) {
    co_await asio::co_spawn(pool.executor(), std::move(running), apart());
    co_await checkpoint();
  } else {
    auto result = co_await asio::co_spawn(pool.executor(), std::move(running), apart());
    co_await checkpoint();
    co_return result;
  }
}

}  // namespace lxr
