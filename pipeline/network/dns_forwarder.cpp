// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/dns_forwarder.hpp"

#include <fcntl.h>

#include <optional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "pipeline/network/resolv_conf.hpp"

namespace lxr::network {
namespace {

namespace dns = io::dns;

constexpr int rounds = 2;
constexpr const char* setting = "/etc/resolv.conf";
constexpr const char* local_server = "127.0.0.1";  // of a host whose resolv.conf(5) names none

bool is_failure_of_server(const dns::received_answer& a) {
  return a.code == static_cast<std::uint8_t>(dns::response_code::server_failure) ||
         a.code == static_cast<std::uint8_t>(dns::response_code::refused);
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
         a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

}  // namespace

const std::vector<std::string>& host_servers::list() {
  struct stat now{};
  static_cast<void>(::stat(setting, &now));
  if (!servers_.empty() && is_same_file(now, seen_)) return servers_;
  seen_ = {};
  servers_.clear();
  quietly([&] {
    servers_ = servers_of(file::read_at(AT_FDCWD, setting).value_or(""));
    seen_ = now;
  });
  if (servers_.empty()) servers_.emplace_back(local_server);
  return servers_;
}

task<void> dns_forwarder::ask(std::string message, dns::query asked, std::vector<std::string> servers,
                              dns_transport transport, std::function<void(std::string)> deliver) {
  if (servers.empty()) servers = host_.list();
  std::string all;
  for (const std::string& server : servers) all += server + ' ';
  const auto now = dns_cache::clock::now();
  if (auto kept = cache_.find(all, message, now)) {
    const bool fits = transport == dns_transport::tcp || kept->size() <= asked.largest_answer();
    deliver(fits ? std::move(*kept) : dns::truncated(asked));
    co_return;
  }
  auto asking = ask_servers(message, asked, servers, transport);
  const std::string answer = co_await std::move(asking);
  deliver(answer);
  exchange_.tidy();
  if (const auto parsed = dns::parse_answer(answer, asked)) cache_.keep(all, message, answer, *parsed, now);
}

task<std::string> dns_forwarder::ask_servers(const std::string& message, const dns::query& asked,
                                             const std::vector<std::string>& servers, dns_transport transport) {
  std::optional<std::string> refusal;
  for (std::size_t i = 0; i < servers.size() * rounds; ++i) {
    if (refusal && i >= servers.size()) break;
    auto asking = exchange_.ask(servers[i % servers.size()], message, asked, transport);
    auto answer = co_await std::move(asking);
    if (!answer) continue;
    const auto parsed = dns::parse_answer(*answer, asked);
    if (!parsed) continue;
    if (!is_failure_of_server(*parsed)) co_return std::move(*answer);
    refusal = std::move(answer);
  }
  if (refusal) co_return std::move(*refusal);
  co_return dns::make_answer(asked, dns::response_code::server_failure, {}, dns::smallest_udp_limit);
}

}  // namespace lxr::network
