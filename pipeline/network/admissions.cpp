// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/admissions.hpp"

#include <algorithm>
#include <span>

#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"
#include "pipeline/network/egress_helper.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {
namespace {

constexpr const char* peer = "lxr-egress";
constexpr std::uint32_t shortest_life = 600, longest_life = 86'400, grace = 60;  // seconds
constexpr std::size_t most_of_one = 1000;

}  // namespace

void admissions::use(const asio::any_io_executor& executor, unique_fd channel) {
  answers_.reset();
  channel_ = std::move(channel);
  answers_.emplace(executor, channel_.get());
}

task<bool> admissions::admit(std::vector<std::string> links, std::vector<std::string> addresses, std::uint32_t ttl) {
  const auto permit = co_await one_at_a_time_.acquire();
  std::vector<std::uint32_t> wanted;
  for (const std::string& bytes : addresses) {
    if (bytes.size() != 4) continue;
    std::uint32_t address = 0;
    for (const char c : bytes) address = address << 8 | static_cast<unsigned char>(c);
    if (!is_special(address) && std::ranges::find(wanted, address) == wanted.end()) wanted.push_back(address);
  }
  const std::uint32_t life = std::clamp(ttl, shortest_life, longest_life) + grace;
  for (const std::string& link : links) {
    auto admitting = admit_at(link, wanted, life);
    if (!co_await std::move(admitting)) co_return false;
  }
  co_return true;
}

// Each answer opens the addresses anew, also those that are open: another program may have flushed the firewall.
task<bool> admissions::admit_at(const std::string& link, const std::vector<std::uint32_t>& addresses,
                                std::uint32_t life) {
  const auto now = clock::now();
  auto& open = open_[link];
  std::erase_if(open, [now](const auto& known) { return known.second <= now; });
  std::vector<admission> fresh;
  for (const std::uint32_t address : addresses) {
    admission one{{}, address, life};
    link.copy(one.link.data(), one.link.size() - 1);
    fresh.push_back(one);
  }
  for (const admission& a : fresh) open[a.address] = now + std::chrono::seconds(life);
  if (open.size() > most_of_one) co_return false;
  for (std::size_t from = 0; from < fresh.size(); from += most_admissions) {
    const std::size_t count = std::min(fresh.size() - from, most_admissions);
    const std::span part = std::span(fresh).subspan(from, count);
    auto asking = ask({part.begin(), part.end()});
    if (!co_await std::move(asking)) co_return false;
  }
  co_return true;
}

void admissions::forget(const std::vector<std::string>& links) {
  for (const std::string& link : links) open_.erase(link);
}

// Returns true when the helper has admitted them all.
task<bool> admissions::ask(std::vector<admission> all) {
  try {
    if (!channel_ || !io::channel::send_message(channel_.get(), std::as_bytes(std::span(all)), peer)) {
      channel_.reset();
      co_return false;
    }
    co_await answers_->readable();
    char good = 0;
    const auto got = io::channel::receive_message(channel_.get(), std::as_writable_bytes(std::span(&good, 1)), peer);
    if (got.what == io::channel::received_message::end_of_file) {
      answers_.reset();
      channel_.reset();
    }
    co_return good == 1;
  } catch (const error&) {
    co_return false;
  }
}

}  // namespace lxr::network
