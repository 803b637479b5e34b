// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/retries.hpp"

#include <algorithm>

#include "core/base/random.hpp"

namespace lxr::transfer {

std::optional<std::chrono::milliseconds> retries::next(std::optional<std::chrono::seconds> asked,
                                                       clock::time_point now) {
  if (failures_ == 0) since_ = now;
  const auto spent = now - since_;
  if (++failures_ >= limits_.attempts || spent > limits_.longest_wait) return std::nullopt;
  const auto usual = std::min(limits_.longest_delay, limits_.first_delay * (1 << std::min(failures_ - 1, 16)));
  const std::chrono::milliseconds scattered{
      usual.count() - static_cast<std::int64_t>(random_u64() % static_cast<std::uint64_t>(usual.count() / 2 + 1))};
  const auto delay = asked ? std::max<std::chrono::milliseconds>(*asked, scattered) : scattered;
  if (spent + delay > limits_.longest_wait) return std::nullopt;
  return delay;
}

void retries::progressed() noexcept { failures_ = 0; }

}  // namespace lxr::transfer
