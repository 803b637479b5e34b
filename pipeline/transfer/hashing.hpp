// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"
#include "io/codec/sha256.hpp"

namespace lxr::transfer {

// Hashes blocks of many streams on the pool. It hashes two waiting blocks of different streams together, which takes
// hardly longer than one (io::codec::sha256::update_both).
// Lifecycle: outlives its updates.
// Runs on: one strand.
// Borrows: the pool.
// Failure: update() throws only lxr::cancelled.
// Cancel: terminal; a job that has begun is waited for. Whether `bytes` were hashed is then unknown.
class hashing {
 public:
  explicit hashing(worker_pool& pool) : pool_(pool) {}
  // Continues `stream` by `bytes`, which stay valid until it returns; one update at a time per stream. The most urgent
  // waiting request is hashed first, or taken along by a running one.
  task<void> update(io::codec::sha256& stream, std::span<const std::byte> bytes, std::uint64_t urgency);

 private:
  struct request;
  void hash(request& mine);
  bool begin(request& mine);
  request* next_for(request& taker);
  void withdraw(const request& mine);

  worker_pool& pool_;
  std::mutex mutex_;  // guards waiting_ and what requests know of each other
  std::vector<request*> waiting_;
};

}  // namespace lxr::transfer
