#pragma once

#include <sys/socket.h>

#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::io::http {

// TCP connections opened while an answer is waited for that several requests will follow: those need not wait for handshakes.
// Failure: none; a connection that cannot be had is not there.
class spare_connections {
 public:
  // Begins so many to an IP address, as text.
  void open(const char* address, int port, std::size_t count);
  // One to this address that is established, and that the other side has not closed; empty when there is none.
  unique_fd take(const sockaddr* to, socklen_t size);

 private:
  struct spare {
    std::string address;
    unique_fd socket;
  };
  std::vector<spare> spares_;
};

}  // namespace lxr::io::http
