// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/dns_cache.hpp"

#include <algorithm>

namespace lxr::network {
namespace {

constexpr std::size_t longest_answer = 4096;
constexpr std::uint32_t longest_time = 3600;  // seconds
constexpr std::size_t id_size = 2;

std::string key_of(const std::string& servers, const std::string& message) {
  return servers + '\0' + message.substr(std::min(message.size(), id_size));
}

}  // namespace

std::optional<std::string> dns_cache::find(const std::string& servers, const std::string& message,
                                           clock::time_point now) {
  const auto found = by_key_.find(key_of(servers, message));
  if (found == by_key_.end()) return std::nullopt;
  const auto place = found->second;
  if (now >= place->end) {
    by_key_.erase(found);
    entries_.erase(place);
    return std::nullopt;
  }
  entries_.splice(entries_.begin(), entries_, place);
  std::string out = place->answer;
  std::copy_n(message.begin(), id_size, out.begin());
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - place->since);
  io::dns::make_older(out, place->ttl_places, static_cast<std::uint32_t>(age.count()));
  return out;
}

void dns_cache::keep(const std::string& servers, const std::string& message, const std::string& answer,
                     const io::dns::received_answer& parsed, clock::time_point now) {
  const bool is_good = parsed.code == static_cast<std::uint8_t>(io::dns::response_code::no_error) ||
                       parsed.code == static_cast<std::uint8_t>(io::dns::response_code::no_such_name);
  if (!is_good || parsed.is_truncated || answer.size() > longest_answer || parsed.ttl.value_or(0) == 0) return;
  std::string key = key_of(servers, message);
  if (const auto old = by_key_.find(key); old != by_key_.end()) {
    entries_.erase(old->second);
    by_key_.erase(old);
  }
  if (entries_.size() >= capacity_) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  const auto end = now + std::chrono::seconds(std::min(*parsed.ttl, longest_time));
  entries_.push_front({key, answer, parsed.ttl_places, now, end});
  by_key_[std::move(key)] = entries_.begin();
}

}  // namespace lxr::network
