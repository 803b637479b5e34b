// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/budget.hpp"

#include <algorithm>
#include <string>

#include "core/base/error.hpp"

namespace lxr::layer {
namespace {

constexpr std::uint64_t bytes_at_first = 512u << 20, bytes_per_byte = 2048;
constexpr std::uint64_t most_further_memory = 1u << 30;                         // bytes
constexpr std::uint64_t time_at_first = 30'000'000'000, time_per_byte = 8'000;  // nanoseconds

[[noreturn]] void exhausted(std::string why, std::string remedy) {
  throw error(errc::exhausted, "unpack", "the layers", std::move(why), std::move(remedy));
}

}  // namespace

void pull_budget::count_bytes(std::uint64_t more) {
  const std::uint64_t bytes = bytes_ += more;
  if (bytes > limits_.bytes)
    exhausted("the image unpacks to more than " + std::to_string(limits_.bytes) + " bytes",
              "LXR_LAYER_MAX_BYTES allows more");
  count_work(more);
}

void pull_budget::count_work(std::uint64_t bytes) {
  const std::uint64_t now = work_ += bytes, received = received_;
  if (!limits_.grows || now <= bytes_at_first + received * bytes_per_byte) return;
  exhausted("the " + std::to_string(received) + " bytes received unpack to so much that they must be a bomb",
            "LXR_LAYER_MAX_BYTES allows more");
}

void pull_budget::count_member() {
  if (++members_ > limits_.members)
    exhausted("the image has more than " + std::to_string(limits_.members) + " members",
              "LXR_LAYER_MAX_FILES allows more");
}

void pull_budget::count_time(std::uint64_t nanoseconds) {
  const std::uint64_t now = time_ += nanoseconds, received = received_;
  if (!limits_.grows || now <= time_at_first + received * time_per_byte) return;
  exhausted("the " + std::to_string(received) + " bytes received take so long to unpack that they must be a bomb",
            "LXR_LAYER_MAX_BYTES allows more");
}

std::uint64_t pull_budget::memory_limit() const noexcept {
  return limits_.memory + (limits_.memory_grows ? std::min(received_ / 4, most_further_memory) : 0);
}

bool pull_budget::take_memory(std::uint64_t more) noexcept {
  std::uint64_t now = memory_;
  const std::uint64_t limit = memory_limit();
  while (more <= limit && now <= limit - more) {
    if (memory_.compare_exchange_weak(now, now + more)) return true;
  }
  return false;
}

memory_share& memory_share::operator=(memory_share&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

bool memory_share::try_set(std::uint64_t bytes) noexcept {
  if (bytes > bytes_ && !budget_->take_memory(bytes - bytes_)) return false;
  if (bytes < bytes_) budget_->memory_ -= bytes_ - bytes;
  bytes_ = bytes;
  return true;
}

void memory_share::set(std::uint64_t bytes, const char* what) {
  if (!try_set(bytes))
    exhausted(std::string(what) + " would take more memory than the " + std::to_string(budget_->memory_limit() >> 20) +
                  " MiB allowed for one pull",
              "LXR_PULL_MAX_MEMORY allows more");
}

}  // namespace lxr::layer
