// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/socket.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <optional>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"

namespace lxr::io::netlink {

nlmsghdr* batch::start(std::uint16_t type, std::uint16_t flags, std::string subject) {
  current_ = buffer_.size();
  buffer_.resize(current_ + message_room);
  nlmsghdr* header = put_header(buffer_.data() + current_);
  header->nlmsg_type = type;
  header->nlmsg_flags = flags;
  subjects_.push_back(std::move(subject));
  header->nlmsg_seq = size();
  return header;
}

void batch::finish() {
  const auto* header = reinterpret_cast<const nlmsghdr*>(buffer_.data() + current_);
  buffer_.resize(current_ + aligned(header->nlmsg_len));
}

void batch::clear() {
  buffer_.clear();
  subjects_.clear();
}

socket socket::open(int protocol) {
  socket s;
  s.fd_ = unique_fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!s.fd_) {
    if (errno == EPROTONOSUPPORT) {
      throw error(errc::unsupported, "open netlink socket", "",
                  "this kernel lacks netlink protocol " + std::to_string(protocol));
    }
    throw_errno("open", "netlink socket");
  }
  const int on = 1, room = 4 << 20;
  ::setsockopt(s.fd(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);  // acknowledgements without a copy of the message
  // The kernel drops acknowledgements that find no room. SO_RCVBUFFORCE needs CAP_NET_ADMIN and is not bound by the
  // limit net.core.rmem_max; SO_RCVBUF is the fallback.
  if (::setsockopt(s.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    ::setsockopt(s.fd(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  return s;
}

// A socket stays in the namespace that it was made in (network_namespaces(7)).
socket socket::open_in(const std::string& network_namespace, int protocol) {
  const unique_fd own(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)),
      other(::open(network_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  if (!own || !other || ::setns(other.get(), CLONE_NEWNET) != 0)
    throw_errno("enter", "network namespace " + network_namespace);
  std::exception_ptr failure;
  socket made;
  try {
    made = open(protocol);
  } catch (...) {
    failure = std::current_exception();
  }
  if (::setns(own.get(), CLONE_NEWNET) != 0) std::abort();  // all that follows would be done to the other one
  if (failure) std::rethrow_exception(failure);
  return made;
}

socket socket::open_events(int protocol, int group) {
  socket s = open(protocol);
  // Bind before subscribing: an unbound socket has port 0, which is the kernel's own, and the kernel does not notify
  // itself.
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (::bind(s.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::setsockopt(s.fd(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0) {
    throw_errno("listen to", "netlink notifications");
  }
  return s;
}

void socket::drain() const noexcept {
  char buffer[65536];
  while (::recv(fd(), buffer, sizeof buffer, MSG_DONTWAIT) > 0 || errno == ENOBUFS) {
  }
}

std::vector<socket::failure> socket::exchange(const batch& requests) const {
  std::vector<failure> failures;
  if (::send(fd(), requests.bytes().data(), requests.bytes().size(), 0) < 0) throw_errno("send", "netlink messages");
  std::uint32_t missing = 0;
  for (const char* p = requests.bytes().data(); p < requests.bytes().data() + requests.bytes().size();) {
    const auto* header = reinterpret_cast<const nlmsghdr*>(p);
    if ((header->nlmsg_flags & NLM_F_ACK) != 0) ++missing;
    p += aligned(header->nlmsg_len);
  }
  alignas(nlmsghdr) char buffer[16384];
  while (missing > 0) {
    // The kernel may answer a refused nf_tables batch with fewer messages than it had. So once a message has failed,
    // stop as soon as the queue is empty.
    const ssize_t got = ::recv(fd(), buffer, sizeof buffer, failures.empty() ? 0 : MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got < 0) throw_errno("receive", "netlink messages");
    for_each_message(buffer, static_cast<std::size_t>(got), [&](const nlmsghdr* h) {
      if (h->nlmsg_type != NLMSG_ERROR) return true;
      if (const int code = error_of(h); code != 0) failures.push_back({h->nlmsg_seq, code});
      --missing;
      return true;
    });
  }
  return failures;
}

void socket::exchange_or_throw(const batch& requests, const std::string& operation) const {
  const auto failures = exchange(requests);
  if (failures.empty()) return;
  throw_errno(failures.front().error, operation, requests.subject(failures.front().sequence));
}

void socket::dump(const batch& request, const std::function<void(const nlmsghdr*)>& each) const {
  if (::send(fd(), request.bytes().data(), request.bytes().size(), 0) < 0) throw_errno("send", "netlink request");
  alignas(nlmsghdr) char buffer[65536];
  for (;;) {
    const ssize_t got = ::recv(fd(), buffer, sizeof buffer, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("receive", "netlink messages");
    bool over = false;
    for_each_message(buffer, static_cast<std::size_t>(got), [&](const nlmsghdr* h) {
      over = h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR;
      const int code = h->nlmsg_type == NLMSG_ERROR ? error_of(h) : 0;
      if (code != 0) throw_errno(code, "list", request.subject(1));
      if (!over) each(h);
      return !over;
    });
    if (over) return;
  }
}

const socket& netfilter_socket() {
  static std::optional<socket> kept;
  static pid_t owner = 0;
  if (!kept || owner != ::getpid()) {
    kept = socket::open(NETLINK_NETFILTER);
    const int room = 32 << 20;  // a transaction is one message: thousands of ports
    ::setsockopt(kept->fd(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    owner = ::getpid();
  }
  kept->drain();  // a dump that failed has left some of its messages
  return *kept;
}

}  // namespace lxr::io::netlink
