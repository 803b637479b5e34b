// SPDX-License-Identifier: Apache-2.0
// Operations on the network, by rtnetlink(7).
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <time.h>

#include "io/child/context.hpp"

namespace lxr::io::child {

static long open_rtnetlink() { return call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

long run(context& c, const ops::configure_network& o) noexcept {
  const long fd = open_rtnetlink();
  if (fd < 0) return fd;
  const long sent = call(SYS_sendto, fd, word(at(c, o.messages.offset)), o.messages.size, 0, 0, 0);
  if (sent < 0) return sent;
  long missing = o.count;
  alignas(nlmsghdr) char buffer[8192];
  while (missing > 0) {
    long left = call(SYS_recvfrom, fd, word(buffer), sizeof buffer, 0, 0, 0);
    if (left == -EINTR) continue;
    if (left < 0) return left;
    for (const char* p = buffer; left >= static_cast<long>(sizeof(nlmsghdr));) {
      const auto* header = reinterpret_cast<const nlmsghdr*>(p);
      const long size = NLMSG_ALIGN(header->nlmsg_len);
      if (header->nlmsg_len < sizeof(nlmsghdr) || size > left) break;
      if (header->nlmsg_type == NLMSG_ERROR) {
        const int error = reinterpret_cast<const nlmsgerr*>(p + NLMSG_HDRLEN)->error;
        if (error != 0) return error;
        --missing;
      }
      p += size;
      left -= size;
    }
  }
  close_fd(fd);
  return 0;
}

long run(context& c, const ops::open_route& o) noexcept {
  const long fd = open_rtnetlink();
  if (fd < 0) return fd;
  fill(c, o.to, fd);
  return 0;
}

// Returns true when the answer to an RTM_GETLINK has IFLA_OPERSTATE "up" (RFC 2863, ifOperStatus): the link passes
// packets.
static bool is_up(const nlmsghdr* answer) {
  constexpr std::uint16_t type_mask = 0x3fff;
  const char* p = reinterpret_cast<const char*>(answer) + NLMSG_LENGTH(NLMSG_ALIGN(sizeof(ifinfomsg)));
  const char* const end = reinterpret_cast<const char*>(answer) + answer->nlmsg_len;
  while (end - p >= static_cast<long>(sizeof(nlattr))) {
    const auto* a = reinterpret_cast<const nlattr*>(p);
    if (a->nla_len < sizeof *a || a->nla_len > end - p) return false;
    if ((a->nla_type & type_mask) == IFLA_OPERSTATE) return p[sizeof *a] == IF_OPER_UP;
    p += NLA_ALIGN(a->nla_len);
  }
  return false;
}

// Asks once for all links. Returns 1 when all are up, 0 when one is not, or a negated errno.
static long ask_for_links(long fd, const char* questions, long size, long count) {
  const long sent = call(SYS_sendto, fd, word(questions), size, 0, 0, 0);
  if (sent < 0) return sent;
  bool all = true;
  alignas(nlmsghdr) char buffer[8192];
  for (long i = 0; i < count; ++i) {  // each answer is a message of its own
    long got;
    do {
      got = call(SYS_recvfrom, fd, word(buffer), sizeof buffer, 0, 0, 0);
    } while (got == -EINTR);
    if (got < 0) return got;
    const auto* header = reinterpret_cast<const nlmsghdr*>(buffer);
    if (got < static_cast<long>(sizeof *header) || header->nlmsg_len > got) return -EPROTO;
    if (header->nlmsg_type == NLMSG_ERROR) return reinterpret_cast<const nlmsgerr*>(buffer + NLMSG_HDRLEN)->error;
    all = all && is_up(header);
  }
  return all ? 1 : 0;
}

// A link that has got its carrier passes packets only after a deferred job of the kernel (linkwatch). Since Linux 6.8 a
// question (RTM_GETLINK) runs that job at once; older kernels are asked again every millisecond. After 2000 questions
// the plan goes on, so that a bridge that an administrator has set down does not keep containers from starting.
long run(context& c, const ops::await_links& o) noexcept {
  const int fd = fd_of(c, o.route);
  long up = 0;
  for (int attempt = 0; attempt < 2000; ++attempt) {
    up = ask_for_links(fd, at(c, o.questions.offset), o.questions.size, o.count);
    if (up != 0) break;
    const timespec millisecond{0, 1'000'000};
    call(SYS_ppoll, 0, 0, word(&millisecond), 0, 0);
  }
  close_fd(fd);
  return up < 0 ? up : 0;
}

}  // namespace lxr::io::child
