// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/conntrack.hpp"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
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

void put_filtered_removal(batch& b, const tracked_port& to) {
  nlmsghdr* h = start(b, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
  nlattr* tuple = attr_nest_start(h, CTA_TUPLE_ORIG);
  nlattr* protocol = attr_nest_start(h, CTA_TUPLE_PROTO);
  attr_put_u8(h, CTA_PROTO_NUM, to.protocol);
  const std::uint16_t port = htons(to.port);
  attr_put(h, CTA_PROTO_DST_PORT, sizeof port, &port);
  attr_nest_end(h, protocol);
  attr_nest_end(h, tuple);
  nlattr* filter = attr_nest_start(h, filter_attribute);
  attr_put_u32(h, first_flags, by_protocol | by_destination_port);
  attr_put_u32(h, reply_flags, 0);
  attr_nest_end(h, filter);
  b.finish();
}

tracked_port first_port_of(const nlattr* tuple) {
  tracked_port out{};
  for_each_inside(tuple, [&out](const nlattr* part) {
    if (attr_type(part) != CTA_TUPLE_PROTO) return;
    for_each_inside(part, [&out](const nlattr* a) {
      const std::string_view value = attr_bytes(a);
      if (attr_type(a) == CTA_PROTO_NUM && !value.empty()) out.protocol = static_cast<std::uint8_t>(value[0]);
      if (attr_type(a) != CTA_PROTO_DST_PORT || value.size() < sizeof out.port) return;
      std::memcpy(&out.port, value.data(), sizeof out.port);
      out.port = ntohs(out.port);
    });
  });
  return out;
}

void forget_one_by_one(const socket& conntrack, const std::vector<tracked_port>& to) {
  batch request;
  start(request, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
  request.finish();
  batch removals;
  conntrack.dump(request, [&](const nlmsghdr* m) {
    for_each_attribute(m, sizeof(nfgenmsg), [&](const nlattr* a) {
      if (attr_type(a) != CTA_TUPLE_ORIG) return;
      const tracked_port found = first_port_of(a);
      if (std::ranges::none_of(
              to, [&found](const tracked_port& p) { return p.protocol == found.protocol && p.port == found.port; }))
        return;
      nlmsghdr* h = start(removals, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
      attr_put(h, NLA_F_NESTED | CTA_TUPLE_ORIG, attr_bytes(a).size(), attr_bytes(a).data());
      removals.finish();
    });
  });
  if (removals.size() > 0) conntrack.exchange(removals);  // one that has ended meanwhile is no failure
}

}  // namespace

void forget_connections(const std::vector<tracked_port>& to) {
  if (to.empty()) return;
  const socket& conntrack = netfilter_socket();
  batch b;
  for (const tracked_port& p : to) put_filtered_removal(b, p);
  const auto failures = conntrack.exchange(b);
  const auto is_refused = [](const socket::failure& f) { return f.error != ENOENT; };
  if (std::ranges::any_of(failures, is_refused)) forget_one_by_one(conntrack, to);
}

}  // namespace lxr::io::netlink
