// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <functional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "io/dns/message.hpp"
#include "pipeline/network/dns_cache.hpp"
#include "pipeline/network/dns_exchange.hpp"

namespace lxr::network {

// The servers that this host's resolv.conf(5) names, also after that file has changed.
// Runs on: one thread.
class host_servers {
 public:
  const std::vector<std::string>& list();

 private:
  struct stat seen_{};
  std::vector<std::string> servers_;
};

// Asks other DNS servers the questions that an instance has no answer to.
// A question goes to the servers in their order, each for at most 2 s, twice all of them; the first answer counts that
// is no failure of the server (SERVFAIL, REFUSED).
// Lifecycle: outlives its calls.
// Runs on: one strand.
// Owns: the kept answers.
// Failure: ask() throws only lxr::cancelled.  Cancel: terminal.
class dns_forwarder {
 public:
  explicit dns_forwarder(asio::any_io_executor executor) : exchange_(std::move(executor)) {}

  // `message` is the query as it came, which is passed on unchanged but for its id; `servers` are addresses as text,
  // for the host's own none. Calls `deliver` once with the answer, which is the server's; SERVFAIL without one.
  task<void> ask(std::string message, io::dns::query asked, std::vector<std::string> servers, dns_transport transport,
                 std::function<void(std::string)> deliver);

 private:
  task<std::string> ask_servers(const std::string& message, const io::dns::query& asked,
                                const std::vector<std::string>& servers, dns_transport transport);

  static constexpr std::size_t kept_answers = 2000;
  dns_cache cache_{kept_answers};
  host_servers host_;
  dns_exchange exchange_;
};

}  // namespace lxr::network
