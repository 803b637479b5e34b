// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/conntrack.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"
#include "io/netlink/socket.hpp"

namespace lxr::io::netlink {
namespace {

// Newer than the headers of Debian 12, and of the kernel's own (net/netfilter/nf_internals.h).
constexpr std::uint16_t filter_attribute = 25;                                 // CTA_FILTER
constexpr std::uint16_t first_flags = 1, reply_flags = 2;                      // CTA_FILTER_ORIG_FLAGS, ..._REPLY_FLAGS
constexpr std::uint32_t by_protocol = 1u << 3, by_destination_port = 1u << 5;  // CTA_FILTER_F_CTA_PROTO_*

nlmsghdr* start(batch& b, int type, std::uint16_t flags) {
  nlmsghdr* h = b.start(static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type),
                        static_cast<std::uint16_t>(NLM_F_REQUEST | flags), "tracked connections");
  static_cast<nfgenmsg*>(put_extra_header(h, sizeof(nfgenmsg)))->nfgen_family = AF_INET;
  return h;
}

// Asks for all connections, or for those to one port.
void put_question(batch& b, const tracked_port* to) {
  nlmsghdr* h = start(b, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
  if (to != nullptr) {
    nlattr* tuple = attr_nest_start(h, CTA_TUPLE_ORIG);
    nlattr* protocol = attr_nest_start(h, CTA_TUPLE_PROTO);
    attr_put_u8(h, CTA_PROTO_NUM, to->protocol);
    const std::uint16_t port = htons(to->port);
    attr_put(h, CTA_PROTO_DST_PORT, sizeof port, &port);
    attr_nest_end(h, protocol);
    attr_nest_end(h, tuple);
    nlattr* filter = attr_nest_start(h, filter_attribute);
    attr_put_u32(h, first_flags, by_protocol | by_destination_port);
    attr_put_u32(h, reply_flags, 0);
    attr_nest_end(h, filter);
  }
  b.finish();
}

struct destination {
  in_addr_t address = 0;  // in network order
  tracked_port port{};
};

destination destination_in(const nlattr* tuple) {
  destination out;
  for_each_inside(tuple, [&out](const nlattr* part) {
    for_each_inside(part, [&out, part](const nlattr* a) {
      const std::string_view value = attr_bytes(a);
      if (attr_type(part) == CTA_TUPLE_IP && attr_type(a) == CTA_IP_V4_DST && value.size() >= sizeof out.address)
        std::memcpy(&out.address, value.data(), sizeof out.address);
      if (attr_type(part) != CTA_TUPLE_PROTO) return;
      if (attr_type(a) == CTA_PROTO_NUM && !value.empty()) out.port.protocol = static_cast<std::uint8_t>(value[0]);
      if (attr_type(a) != CTA_PROTO_DST_PORT || value.size() < sizeof out.port.port) return;
      std::memcpy(&out.port.port, value.data(), sizeof out.port.port);
      out.port.port = ntohs(out.port.port);
    });
  });
  return out;
}

// The IPv4 addresses of this host, in network order.
std::set<in_addr_t> own_addresses() {
  std::set<in_addr_t> out;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) throw_errno("list", "the addresses of this host");
  for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr != nullptr && one->ifa_addr->sa_family == AF_INET)
      out.insert(reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr.s_addr);
  }
  ::freeifaddrs(all);
  return out;
}

}  // namespace

void forget_connections(const std::vector<tracked_port>& to) {
  if (to.empty()) return;
  const socket& conntrack = netfilter_socket();
  const std::set<in_addr_t> own = own_addresses();
  batch removals;
  const auto choose = [&](const nlmsghdr* m) {
    for_each_attribute(m, sizeof(nfgenmsg), [&](const nlattr* a) {
      if (attr_type(a) != CTA_TUPLE_ORIG) return;
      const destination d = destination_in(a);
      const auto is_same = [&d](const tracked_port& p) {
        return p.protocol == d.port.protocol && p.port == d.port.port;
      };
      if (!own.contains(d.address) || std::ranges::none_of(to, is_same)) return;
      nlmsghdr* h = start(removals, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
      attr_put(h, NLA_F_NESTED | CTA_TUPLE_ORIG, attr_bytes(a).size(), attr_bytes(a).data());
      removals.finish();
    });
  };
  batch question;
  put_question(question, to.size() == 1 ? &to.front() : nullptr);
  try {
    conntrack.dump(question, choose);
  } catch (const error&) {
    if (to.size() != 1) throw;
    question.clear();  // the kernel knows no filter
    put_question(question, nullptr);
    conntrack.dump(question, choose);
  }
  if (removals.size() > 0) conntrack.exchange(removals);  // one that has ended meanwhile is no failure
}

}  // namespace lxr::io::netlink
