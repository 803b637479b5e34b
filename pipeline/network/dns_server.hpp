// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/async/task_scope.hpp"
#include "core/base/unique_fd.hpp"
#include "pipeline/network/admissions.hpp"
#include "pipeline/network/dns_forwarder.hpp"
#include "pipeline/network/name_table.hpp"

namespace lxr::network {

// Answers the queries that come to the sockets of networks, by UDP and TCP.
// Limits: at most 100 questions of one container and 1,000 in all are being forwarded at a time; further ones are
//   answered with SERVFAIL. At most 64 TCP connections of one container and 512 in all; further ones are closed. A
//   connection ends after 10 s without a query.
// Lifecycle: serve_udp() and serve_tcp() for each socket, until they are cancelled.
// Runs on: one strand.
// Borrows: the table and the admissions.
// Failure: they throw lxr::error when their socket fails, else only lxr::cancelled.  Cancel: terminal.
class dns_server {
 public:
  dns_server(const name_table& names, admissions& egress, asio::any_io_executor executor)
      : names_(names), egress_(egress), forwarder_(std::move(executor)) {}

  task<void> serve_udp(unique_fd socket);
  task<void> serve_tcp(unique_fd socket);

 private:
  // What one address has in hand, and what all have together.
  struct usage {
    std::unordered_map<std::string, std::size_t> of_source;
    std::size_t all = 0;
  };
  class share;

  // A question whose answer does not stand in the table alone.
  struct question {
    std::string message;  // as it came, or what is passed on of it
    io::dns::query asked;
    std::vector<std::string> servers;
    std::optional<std::string> own;  // the answer, if it need not be forwarded
    std::vector<std::string> links;  // of a restricted container: at these the addresses are admitted first
  };
  static question take(std::string_view message, io::dns::query asked, name_decision decided, std::size_t limit);
  task<void> answer_udp(int socket, share held, sockaddr_storage to, question q);
  task<void> try_answer_udp(int socket, sockaddr_storage to, question q);
  task<void> serve_connection(unique_fd connection, std::string from);
  task<std::string> answer_tcp(const std::string& from, std::string message);
  task<std::string> admitted(const question& q, std::string answer);

  const name_table& names_;
  admissions& egress_;
  dns_forwarder forwarder_;
  usage forwarded_, connections_;
};

}  // namespace lxr::network
