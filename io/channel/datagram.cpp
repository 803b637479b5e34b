// SPDX-License-Identifier: Apache-2.0
#include "io/channel/datagram.hpp"

#include <netinet/in.h>

namespace lxr::io::channel {

void ask_for_destination(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  ::setsockopt(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

ssize_t receive_datagram(int socket, std::span<char> buffer, datagram_peer& from) noexcept {
  iovec data{buffer.data(), buffer.size()};
  msghdr m{};
  m.msg_name = &from.address;
  m.msg_namelen = sizeof from.address;
  m.msg_iov = &data;
  m.msg_iovlen = 1;
  m.msg_control = from.control.data();
  m.msg_controllen = from.control.size();
  const ssize_t got = ::recvmsg(socket, &m, MSG_DONTWAIT);
  from.size = m.msg_namelen;
  from.control_size = m.msg_controllen;
  return got;
}

void answer_datagram(int socket, std::span<const char> data, const datagram_peer& to) noexcept {
  iovec bytes{const_cast<char*>(data.data()), data.size()};
  msghdr m{};
  m.msg_name = const_cast<sockaddr_storage*>(&to.address);
  m.msg_namelen = to.size;
  m.msg_iov = &bytes;
  m.msg_iovlen = 1;
  m.msg_control = to.control_size == 0 ? nullptr : const_cast<char*>(to.control.data());
  m.msg_controllen = to.control_size;
  static_cast<void>(!::sendmsg(socket, &m, MSG_DONTWAIT));
}

}  // namespace lxr::io::channel
