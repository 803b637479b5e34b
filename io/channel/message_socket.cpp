// SPDX-License-Identifier: Apache-2.0
#include "io/channel/message_socket.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "core/base/error.hpp"

namespace lxr::io::channel {
namespace {

constexpr std::size_t descriptor_limit = 253;  // SCM_MAX_FD

bool is_closed_by_peer(int code) { return code == EPIPE || code == ECONNRESET; }

}  // namespace

socket_pair make_socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) throw_errno("create", "socket pair");
  return {unique_fd(fds[0]), unique_fd(fds[1])};
}

bool send_message(int socket, std::span<const std::byte> content, std::string_view peer,
                  std::span<const int> descriptors) {
  iovec vec{const_cast<std::byte*>(content.data()), content.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * descriptor_limit)];
  msghdr header{};
  header.msg_iov = &vec;
  header.msg_iovlen = 1;
  if (descriptors.size() > descriptor_limit) throw_errno(EINVAL, "send to", std::string(peer));
  if (!descriptors.empty()) {
    std::memset(control, 0, CMSG_SPACE(descriptors.size_bytes()));
    auto* const rights = reinterpret_cast<cmsghdr*>(control);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (is_closed_by_peer(errno)) return false;
    if (errno != EINTR) throw_errno("send to", std::string(peer));
  }
  return true;
}

received_message receive_message(int socket, std::span<std::byte> buffer, std::string_view peer,
                                 wait_for_message wait) {
  const bool waits = wait == wait_for_message::yes;
  iovec vec{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &vec;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = CMSG_LEN(sizeof(int));  // room for one descriptor; the kernel closes further ones
  ssize_t got;
  do {
    got = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (waits ? 0 : MSG_DONTWAIT));
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN && !waits) return {};
  if (got == 0 || (got < 0 && is_closed_by_peer(errno))) return {.what = received_message::end_of_file};
  if (got < 0) throw_errno("receive from", std::string(peer));
  received_message out{.what = received_message::message, .size = static_cast<std::size_t>(got)};
  if (const cmsghdr* const c = CMSG_FIRSTHDR(&header); c != nullptr && c->cmsg_type == SCM_RIGHTS) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(c), sizeof fd);
    out.descriptor = unique_fd(fd);
  }
  return out;
}

}  // namespace lxr::io::channel
