// SPDX-License-Identifier: Apache-2.0
#include "io/uring/ring.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/error.hpp"

namespace lxr::io::uring {

std::unique_ptr<ring> ring::make(const asio::any_io_executor& executor, unsigned entries) {
  std::unique_ptr<ring> r(new ring(executor));
  if (::io_uring_queue_init(entries, &r->ring_, IORING_SETUP_CLAMP) != 0) return nullptr;
  r->open_ = true;
  r->entries_ = entries;
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) return nullptr;
  r->event_.assign(fd);
  if (::io_uring_register_eventfd(&r->ring_, fd) != 0) return nullptr;
  return r;
}

ring::~ring() {
  if (!open_) return;
  while (in_flight_ > 0) {
    io_uring_cqe* completion = nullptr;
    if (::io_uring_wait_cqe(&ring_, &completion) != 0) continue;
    if (::io_uring_cqe_get_data(completion) != nullptr) --in_flight_;
    ::io_uring_cqe_seen(&ring_, completion);
  }
  ::io_uring_queue_exit(&ring_);
}

task<int> ring::perform(std::function<void(io_uring_sqe*)> prepare) {
  while (in_flight_ >= entries_) co_await room_.wait();
  io_uring_sqe* entry = ::io_uring_get_sqe(&ring_);
  if (entry == nullptr) co_return -EBUSY;
  operation mine;
  prepare(entry);
  ::io_uring_sqe_set_data(entry, &mine);
  const int submitted = ::io_uring_submit(&ring_);
  // After a failed submit the entry stays in the ring and goes out with the next one: it must not refer to `mine` then.
  if (submitted < 0) {
    ::io_uring_prep_nop(entry);
    ::io_uring_sqe_set_data(entry, nullptr);
    co_return submitted;
  }
  ++in_flight_;
  arm();
  while (!mine.done) co_await mine.finished.wait_regardless();
  co_return mine.result;
}

void ring::arm() {
  if (armed_ || in_flight_ == 0) return;
  armed_ = true;
  event_.async_wait(asio::posix::descriptor_base::wait_read, [this](const boost::system::error_code& failure) {
    if (failure) return;  // the destructor has closed the eventfd
    armed_ = false;
    reap();
    arm();
  });
}

void ring::reap() {
  std::uint64_t count = 0;
  static_cast<void>(!::read(event_.native_handle(), &count, sizeof count));
  io_uring_cqe* completion = nullptr;
  while (::io_uring_peek_cqe(&ring_, &completion) == 0) {
    auto* finished = static_cast<operation*>(::io_uring_cqe_get_data(completion));
    const int result = completion->res;
    ::io_uring_cqe_seen(&ring_, completion);
    if (finished == nullptr) continue;
    finished->result = result;
    --in_flight_;
    finished->done = true;
    finished->finished.notify_all();
    room_.notify_one();
  }
}

}  // namespace lxr::io::uring
