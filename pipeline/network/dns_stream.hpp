// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/async/readiness.hpp"
#include "core/async/task.hpp"

namespace lxr::network {

// DNS messages on a TCP connection: each follows its length in two bytes (RFC 1035, 4.2.2; RFC 7766).
// Lifecycle: send() and receive() one at a time.
// Runs on: the strand of `executor`.
// Borrows: the socket, which is non-blocking.
// Failure: throws lxr::error when the connection breaks.
// Cancel: terminal; the connection is of no use afterwards.
class dns_stream {
 public:
  dns_stream(const asio::any_io_executor& executor, int socket) : socket_(socket), ready_(executor, socket) {}

  task<void> send(std::string message);
  // Returns nullopt at the end of the stream.  Failure: throws errc::corrupt for a message of more than `limit` bytes.
  task<std::optional<std::string>> receive(std::size_t limit);

 private:
  task<bool> fill(std::size_t size);

  int socket_;
  readiness ready_;
  std::string received_;
};

}  // namespace lxr::network
