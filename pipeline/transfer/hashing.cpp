// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/hashing.hpp"

#include <algorithm>
#include <utility>

#include "core/async/waiter_list.hpp"

namespace lxr::transfer {

// One update() in progress. Each waits for its own job on the pool. A job that starts may take waiting requests along;
// the jobs of these then find nothing to do.
struct hashing::request {
  io::codec::sha256& stream;
  std::span<const std::byte> rest;
  std::uint64_t urgency;
  bool taken_along = false;  // another job hashes it, and notifies it when that is done
  bool told = false;
  std::vector<request*> companions;  // the requests that this one's job took along
  waiter_list done;
};

task<void> hashing::update(io::codec::sha256& stream, std::span<const std::byte> bytes, std::uint64_t urgency) {
  request mine{stream, bytes, urgency};
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&mine);
  }
  std::exception_ptr failure;
  try {
    co_await offload(pool_, [&] { hash(mine); }, urgency);
  } catch (...) {
    failure = std::current_exception();
  }
  withdraw(mine);
  for (request* companion : mine.companions) {
    companion->told = true;
    companion->done.notify_all();
  }
  while (mine.taken_along && !mine.told) co_await mine.done.wait_regardless();
  if (failure) std::rethrow_exception(failure);
}

// Hashes the request and, with it, others that wait: the rest of the longer of two streams is paired with the next
// request. All requests are of different streams, and none of those taken along returns before this job ends.
void hashing::hash(request& mine) {
  if (!begin(mine)) return;
  request *longer = &mine, *shorter = nullptr;
  while ((shorter = next_for(mine)) != nullptr) {
    if (shorter->rest.size() > longer->rest.size()) std::swap(longer, shorter);
    const std::size_t size = shorter->rest.size();
    io::codec::sha256::update_both(shorter->stream, shorter->rest, longer->stream, longer->rest.first(size));
    longer->rest = longer->rest.subspan(size);
    if (longer->rest.empty()) return;
  }
  longer->stream.update(longer->rest);
}

bool hashing::begin(request& mine) {
  const std::lock_guard lock(mutex_);
  if (mine.taken_along) return false;
  std::erase(waiting_, &mine);
  return true;
}

hashing::request* hashing::next_for(request& taker) {
  const std::lock_guard lock(mutex_);
  const auto next = std::ranges::max_element(waiting_, {}, &request::urgency);
  if (next == waiting_.end()) return nullptr;
  request* const taken = *next;
  taker.companions.push_back(taken);
  taken->taken_along = true;
  waiting_.erase(next);
  return taken;
}

// Removes a request that was cancelled before its job began.
void hashing::withdraw(const request& mine) {
  const std::lock_guard lock(mutex_);
  std::erase(waiting_, &mine);
}

}  // namespace lxr::transfer
