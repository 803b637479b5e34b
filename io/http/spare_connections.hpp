// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::http {

// TCP connections that are opened while the client waits for an answer that several requests will follow, so that these
// need not wait for handshakes.
// Lifecycle: open() while waiting, take() by the later requests; the destructor closes the rest.
// Runs on: the loop's strand; never blocks.
// Owns: the sockets.
// Failure: none; take() then returns no connection.
class spare_connections {
 public:
  // Begins `count` connections to an IP address, given as text.
  void open(const char* address, int port, std::size_t count);
  // Returns a connection to this address that is established and not closed by the peer; empty when there is none.
  unique_fd take(const sockaddr* to, socklen_t size);

 private:
  struct spare {
    std::string address;
    unique_fd socket;
  };
  std::vector<spare> spares_;
};

}  // namespace lxr::io::http
