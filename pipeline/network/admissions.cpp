// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/admissions.hpp"

#include <algorithm>
#include <span>

#include "core/async/shielded.hpp"
#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"
#include "pipeline/network/egress_helper.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {
namespace {

constexpr const char* peer = "lxr-egress";
constexpr std::uint32_t shortest_life = 600, longest_life = 86'400, grace = 60;  // seconds
constexpr std::size_t most_of_one = 1000;
constexpr auto patience = std::chrono::seconds(2);

}  // namespace

void admissions::use(const asio::any_io_executor& executor, unique_fd channel, std::function<void()> lost) {
  channel_ = std::move(channel);
  answers_.emplace(executor, channel_.get());
  lost_ = std::move(lost);
}

task<bool> admissions::admit(std::vector<std::string> links, opening what) {
  const auto permit = co_await one_at_a_time_.acquire();
  std::vector<std::uint32_t> wanted;
  for (const std::string& bytes : what.addresses) {
    if (bytes.size() != 4) continue;
    std::uint32_t address = 0;
    for (const char c : bytes) address = address << 8 | static_cast<unsigned char>(c);
    if (std::ranges::find(wanted, address) == wanted.end()) wanted.push_back(address);
  }
  const std::uint32_t life = std::clamp(what.ttl, shortest_life, longest_life) + grace;
  for (const std::string& link : links) {
    auto admitting = admit_at(link, wanted, {{}, 0, life, what.is_forwarded ? 1u : 0u});
    if (!co_await std::move(admitting)) co_return false;
  }
  co_return true;
}

// Each answer opens the addresses anew, also those that are open: another program may have flushed the firewall.
task<bool> admissions::admit_at(std::string link, std::vector<std::uint32_t> addresses, admission like) {
  const auto now = clock::now();
  auto& open = open_[link];
  if (open.size() + addresses.size() > most_of_one)
    std::erase_if(open, [now](const auto& known) { return known.second <= now; });
  if (open.size() + addresses.size() > most_of_one) co_return false;
  link.copy(like.link.data(), like.link.size() - 1);
  std::vector<admission> all;
  for (const std::uint32_t address : addresses) {
    open[address] = now + std::chrono::seconds(like.life);
    like.address = address;
    all.push_back(like);
  }
  for (std::size_t from = 0; from < all.size(); from += most_admissions) {
    const std::span part = std::span(all).subspan(from, std::min(all.size() - from, most_admissions));
    auto asking = ask({part.begin(), part.end()});
    if (!co_await std::move(asking)) co_return false;
  }
  co_return true;
}

task<bool> admissions::answer_of_helper() {
  co_await answers_->readable();
  char good = 0;
  const auto got = io::channel::receive_message(channel_.get(), std::as_writable_bytes(std::span(&good, 1)), peer);
  if (got.what == io::channel::received_message::end_of_file)
    throw error(errc::unavailable, "receive from", peer, "it has ended");
  co_return good == 1;
}

// Returns true when the helper has admitted them all. Waits for its answer also when cancelled: it would be taken for
// that to the next question.
task<bool> admissions::ask(std::vector<admission> all) {
  try {
    if (channel_ && io::channel::send_message(channel_.get(), std::as_bytes(std::span(all)), peer)) {
      auto answering = answer_of_helper();
      auto waiting = with_deadline(patience, std::move(answering), "ask", peer);
      co_return co_await shielded(std::move(waiting));
    }
  } catch (const error&) {
    // It has ended, or is stuck.
  }
  answers_.reset();
  channel_.reset();
  if (lost_) lost_();
  co_return false;
}

void admissions::forget(const std::vector<std::string>& links) {
  for (const std::string& link : links) open_.erase(link);
}

}  // namespace lxr::network
