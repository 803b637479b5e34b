// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/async/readiness.hpp"
#include "core/async/semaphore.hpp"
#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {

// Opens the firewall for the addresses in the resolver's answers to restricted containers, by the helper
// (egress_helper.hpp). An address stays open for its time to live, ten minutes at least, and one minute more.
// Limits: 1,000 addresses of one container at a time.
// Lifecycle: use() once, then admit().
// Runs on: one strand.
// Owns: the channel.
// Failure: admit() returns false when the addresses are not all open.  Cancel: terminal.
class admissions {
 public:
  // `channel` leads to a helper; calls `lost` once that does not answer any more.
  void use(const asio::any_io_executor& executor, unique_fd channel, std::function<void()> lost);
  [[nodiscard]] bool has_helper() const noexcept { return static_cast<bool>(channel_); }

  // What an answer says.
  struct opening {
    std::vector<std::string> addresses;  // 4 bytes each, most significant first; others are left out
    std::uint32_t ttl = 0;               // seconds
    bool is_forwarded = false;           // of another server: it opens no address of this host, and no special one
  };
  // Returns when the container with these links may reach the addresses.
  task<bool> admit(std::vector<std::string> links, opening what);
  // Of a container that has ended.
  void forget(const std::vector<std::string>& links);

 private:
  using clock = std::chrono::steady_clock;
  task<bool> ask(std::vector<admission> all);
  task<bool> admit_at(std::string link, std::vector<std::uint32_t> addresses, admission like);
  task<bool> answer_of_helper();

  semaphore one_at_a_time_{1};
  unique_fd channel_;
  std::optional<readiness> answers_;
  std::function<void()> lost_;
  std::map<std::string, std::map<std::uint32_t, clock::time_point>> open_;  // by link and address: its end
};

}  // namespace lxr::network
