#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "core/async/offload.hpp"
#include "core/async/task.hpp"
#include "io/codec/sha256.hpp"

namespace lxr::transfer {

// Hashes the blocks of many streams on the pool. Of blocks that wait, two of different streams are hashed together, which
// takes hardly longer than one (io::codec::sha256::update_both).
// Lifecycle: outlives its updates.  Runs on: one strand.  Cancel: terminal; as with offload(), what began is waited for.
class hashing {
 public:
  explicit hashing(worker_pool& pool) : pool_(pool) {}
  // One at a time for each stream; `bytes` stay until it returns. The most urgent goes first, and takes the next one along.
  task<void> update(io::codec::sha256& stream, std::span<const std::byte> bytes, std::uint64_t urgency);

 private:
  struct request;
  void hash(request& mine);
  bool begin(request& mine);
  request* next_for(request& taker);
  void withdraw(const request& mine);

  worker_pool& pool_;
  std::mutex mutex_;  // of the list and of what its requests know of each other
  std::vector<request*> waiting_;
};

}  // namespace lxr::transfer
