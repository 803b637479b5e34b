// SPDX-License-Identifier: Apache-2.0
#include "io/http/spare_connections.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace lxr::io::http {
namespace {

std::string bytes_of(const sockaddr* address, socklen_t size) { return {reinterpret_cast<const char*>(address), size}; }

// Returns the address as bytes; "" for text that is no address (an IPv6 address with a zone: it gets no spares).
std::string bytes_of(const char* text, int port) {
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) return bytes_of(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
    return bytes_of(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
  return {};
}

bool is_usable(int socket) {
  pollfd state{socket, POLLIN | POLLOUT, 0};
  // Nothing to read: the peer has neither closed nor sent anything.
  return ::poll(&state, 1, 0) == 1 && state.revents == POLLOUT;
}

}  // namespace

void spare_connections::open(const char* address, int port, std::size_t count) {
  const std::string to = bytes_of(address, port);
  if (to.empty()) return;
  sockaddr_storage destination{};
  std::memcpy(&destination, to.data(), to.size());
  for (std::size_t i = 0; i < count; ++i) {
    unique_fd fd(::socket(destination.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool begun = fd && (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&destination),
                                        static_cast<socklen_t>(to.size())) == 0 ||
                              errno == EINPROGRESS);
    if (begun) spares_.push_back({to, std::move(fd)});
  }
}

unique_fd spare_connections::take(const sockaddr* to, socklen_t size) {
  for (auto s = spares_.begin(); s != spares_.end(); ++s) {
    if (s->address != bytes_of(to, size) || !is_usable(s->socket.get())) continue;
    unique_fd out = std::move(s->socket);
    spares_.erase(s);
    return out;
  }
  return {};
}

}  // namespace lxr::io::http
