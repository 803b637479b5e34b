// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <list>
#include <optional>
#include <string>
#include <unordered_map>

#include "io/dns/message.hpp"

namespace lxr::network {

// Answers of other servers, kept for their times to live. A kept answer serves only a query that has the same bytes but
// for its id, and would go to the same servers. Holds at most `capacity` answers; the one used longest ago makes room.
// Runs on: one strand.
class dns_cache {
 public:
  using clock = std::chrono::steady_clock;

  explicit dns_cache(std::size_t capacity) : capacity_(capacity) {}

  // `message` is the query as it came. The answer has the query's id, and what is left of its times to live.
  std::optional<std::string> find(const std::string& servers, const std::string& message, clock::time_point now);
  // Keeps an answer, unless it is truncated, longer than 4,096 bytes, neither a success nor "no such name", or has no
  // time to live. Keeps it for one hour at most.
  void keep(const std::string& servers, const std::string& message, const std::string& answer,
            const io::dns::received_answer& parsed, clock::time_point now);
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct entry {
    std::string key, answer;
    std::vector<std::size_t> ttl_places;
    clock::time_point since, end;
  };
  std::size_t capacity_;
  std::list<entry> entries_;  // the one used last comes first
  std::unordered_map<std::string, std::list<entry>::iterator> by_key_;
};

}  // namespace lxr::network
