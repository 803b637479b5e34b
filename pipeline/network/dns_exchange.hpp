// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/async/readiness.hpp"
#include "core/async/task.hpp"
#include "core/base/unique_fd.hpp"
#include "io/dns/message.hpp"

namespace lxr::network {

enum class dns_transport { udp, tcp };

// Questions to other DNS servers. Each has an id that cannot be guessed, and so has its port, which serves for eight
// questions at most, one at a time; only an answer from that server to that question is taken (RFC 5452). Sockets for
// the next questions are made ahead.
// Lifecycle: outlives its calls.
// Runs on: one strand.
// Owns: the sockets.
class dns_exchange {
 public:
  explicit dns_exchange(asio::any_io_executor executor);
  ~dns_exchange();
  dns_exchange(const dns_exchange&) = delete;
  dns_exchange& operator=(const dns_exchange&) = delete;

  // Asks `server`, an IPv4 or IPv6 address as text ("fe80::1%eth0" too), once. `message` is the query as it came.
  // Returns its answer, with the id of `asked`; nullopt when there is none within 2 s, or the server cannot be reached.
  // Failure: throws only lxr::cancelled.  Cancel: terminal.
  task<std::optional<std::string>> ask(std::string server, std::string message, io::dns::query asked,
                                       dns_transport transport);
  // Closes the sockets of answered questions, and makes others for the next ones: what ask() leaves, so that its caller
  // can pass on the answer first.
  void tidy();

 private:
  using clock = std::chrono::steady_clock;
  struct connection;
  std::unique_ptr<connection> take(const std::string& server);
  task<std::optional<std::string>> ask_by_udp(const std::string& server, std::string message, io::dns::query asked);
  void watch_time();
  void end_late_ones();

  asio::any_io_executor executor_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<connection>>> spare_;  // by server
  std::vector<std::unique_ptr<connection>> spent_;
  std::list<connection*> waiting_;  // for answers, in the order of their ends
  asio::steady_timer soon_;
  bool is_watching_ = false;
};

}  // namespace lxr::network
