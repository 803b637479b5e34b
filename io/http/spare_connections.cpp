#include "io/http/spare_connections.hpp"

#include <poll.h>

#include <cerrno>

namespace lxr::io::http {
namespace {

std::string bytes_of(const sockaddr* address, socklen_t size) { return {reinterpret_cast<const char*>(address), size}; }

bool is_usable(int socket) {
  pollfd state{socket, POLLIN | POLLOUT, 0};
  return ::poll(&state, 1, 0) == 1 && state.revents == POLLOUT;  // nothing to read: the other side is there, and says nothing
}

}  // namespace

void spare_connections::open(const sockaddr* to, socklen_t size, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    unique_fd fd(::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd && (::connect(fd.get(), to, size) == 0 || errno == EINPROGRESS)) spares_.push_back({bytes_of(to, size), std::move(fd)});
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
