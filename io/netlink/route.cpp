// SPDX-License-Identifier: Apache-2.0
#include "io/netlink/route.hpp"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "core/base/error.hpp"
#include "io/netlink/message.hpp"

namespace lxr::io::netlink {
namespace {

constexpr std::uint16_t create = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

ifinfomsg* put_ifinfo(nlmsghdr* h) {
  auto* info = static_cast<ifinfomsg*>(put_extra_header(h, sizeof(ifinfomsg)));
  info->ifi_family = AF_UNSPEC;
  return info;
}

bool has_ipv6() {
  static const bool known = ::access("/proc/net/if_inet6", F_OK) == 0;
  return known;
}

}  // namespace

std::string to_string(ipv4 address) {
  char text[16];
  std::snprintf(text, sizeof text, "%u.%u.%u.%u", address >> 24, (address >> 16) & 255, (address >> 8) & 255,
                address & 255);
  return text;
}

std::optional<ipv4> parse_ipv4(const std::string& text) {
  in_addr a{};
  if (::inet_pton(AF_INET, text.c_str(), &a) != 1) return std::nullopt;
  return ntohl(a.s_addr);
}

std::string to_string(const mac_address& mac) {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  return text;
}

void put_bridge(batch& b, const bridge& link) {
  nlmsghdr* h = b.start(RTM_NEWLINK, create, "bridge " + link.name);
  ifinfomsg* info = put_ifinfo(h);
  info->ifi_flags = info->ifi_change = IFF_UP;
  attr_put_strz(h, IFLA_IFNAME, link.name.c_str());
  attr_put(h, IFLA_ADDRESS, link.mac.size(), link.mac.data());
  if (link.group != 0) attr_put_u32(h, IFLA_GROUP, link.group);
  if (link.mtu != 0) attr_put_u32(h, IFLA_MTU, static_cast<std::uint32_t>(link.mtu));
  nlattr* linkinfo = attr_nest_start(h, IFLA_LINKINFO);
  attr_put_str(h, IFLA_INFO_KIND, "bridge");
  attr_nest_end(h, linkinfo);
  b.finish();
}

void put_link_up(batch& b, int index, const std::string& subject) {
  nlmsghdr* h = b.start(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, subject);
  ifinfomsg* info = put_ifinfo(h);
  info->ifi_index = index;
  info->ifi_flags = info->ifi_change = IFF_UP;
  b.finish();
}

void put_address(batch& b, int index, ipv4 address, int prefix, const std::string& subject, bool with_route) {
  nlmsghdr* h = b.start(RTM_NEWADDR, create, subject);
  auto* a = static_cast<ifaddrmsg*>(put_extra_header(h, sizeof(ifaddrmsg)));
  a->ifa_family = AF_INET;
  a->ifa_prefixlen = static_cast<std::uint8_t>(prefix);
  a->ifa_index = static_cast<unsigned>(index);
  attr_put_u32(h, IFA_LOCAL, htonl(address));
  attr_put_u32(h, IFA_ADDRESS, htonl(address));
  const ipv4 broadcast = prefix == 0 ? ~ipv4{0} : address | ~(~ipv4{0} << (32 - prefix));
  attr_put_u32(h, IFA_BROADCAST, htonl(broadcast));
  if (!with_route) attr_put_u32(h, IFA_FLAGS, IFA_F_NOPREFIXROUTE);
  b.finish();
}

namespace {

nlmsghdr* start_route(batch& b, unsigned char scope, const std::string& subject) {
  nlmsghdr* h = b.start(RTM_NEWROUTE, create, subject);
  auto* r = static_cast<rtmsg*>(put_extra_header(h, sizeof(rtmsg)));
  r->rtm_family = AF_INET;
  r->rtm_table = RT_TABLE_MAIN;
  r->rtm_protocol = RTPROT_BOOT;
  r->rtm_scope = scope;
  r->rtm_type = RTN_UNICAST;
  return h;
}

}  // namespace

void put_default_route(batch& b, ipv4 gateway, int index) { put_route_through(b, {}, gateway, index); }

void put_route_through(batch& b, const subnet& to, ipv4 gateway, int index) {
  nlmsghdr* h = start_route(b, RT_SCOPE_UNIVERSE, to.prefix == 0 ? "default route" : "route to " + to_string(to.base));
  auto* r = static_cast<rtmsg*>(payload(h));
  r->rtm_flags = RTNH_F_ONLINK;
  r->rtm_dst_len = static_cast<unsigned char>(to.prefix);
  if (to.prefix != 0) attr_put_u32(h, RTA_DST, htonl(to.base));
  attr_put_u32(h, RTA_GATEWAY, htonl(gateway));
  attr_put_u32(h, RTA_OIF, static_cast<std::uint32_t>(index));
  b.finish();
}

void put_host_route(batch& b, ipv4 to, int index, ipv4 source) {
  constexpr unsigned char all_bits = 32;
  nlmsghdr* h = start_route(b, RT_SCOPE_LINK, "route to " + to_string(to));
  static_cast<rtmsg*>(payload(h))->rtm_dst_len = all_bits;
  attr_put_u32(h, RTA_DST, htonl(to));
  attr_put_u32(h, RTA_OIF, static_cast<std::uint32_t>(index));
  attr_put_u32(h, RTA_PREFSRC, htonl(source));
  b.finish();
}

void put_no_host_route(batch& b, ipv4 to, int index) {
  constexpr unsigned char all_bits = 32;
  nlmsghdr* h = b.start(RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK, "route to " + to_string(to));
  auto* r = static_cast<rtmsg*>(put_extra_header(h, sizeof(rtmsg)));
  r->rtm_family = AF_INET;
  r->rtm_dst_len = all_bits;
  r->rtm_table = RT_TABLE_MAIN;
  r->rtm_scope = RT_SCOPE_NOWHERE;
  attr_put_u32(h, RTA_DST, htonl(to));
  attr_put_u32(h, RTA_OIF, static_cast<std::uint32_t>(index));
  b.finish();
}

namespace {

nlmsghdr* start_neighbour(batch& b, int index, std::uint16_t state, const std::string& subject) {
  nlmsghdr* h = b.start(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE, subject);
  auto* n = static_cast<ndmsg*>(put_extra_header(h, sizeof(ndmsg)));
  n->ndm_family = AF_INET;
  n->ndm_ifindex = index;
  n->ndm_state = state;
  return h;
}

nlmsghdr* start_change(batch& b, int index, const std::string& name) {
  nlmsghdr* h = b.start(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, "link " + name);
  put_ifinfo(h)->ifi_index = index;
  return h;
}

void put_no_ipv6_address(nlmsghdr* h) {
  if (!has_ipv6()) return;
  nlattr* families = attr_nest_start(h, IFLA_AF_SPEC);
  nlattr* inet6 = attr_nest_start(h, AF_INET6);
  attr_put_u8(h, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  attr_nest_end(h, inet6);
  attr_nest_end(h, families);
}

}  // namespace

void put_neighbour(batch& b, int index, ipv4 address, const mac_address& mac) {
  nlmsghdr* h = start_neighbour(b, index, NUD_PERMANENT, "neighbour " + to_string(address));
  attr_put_u32(h, NDA_DST, htonl(address));
  attr_put(h, NDA_LLADDR, mac.size(), mac.data());
  b.finish();
}

void put_no_ipv6_address(batch& b, int index, const std::string& name) {
  if (!has_ipv6()) return;
  put_no_ipv6_address(start_change(b, index, name));
  b.finish();
}

void put_alias(batch& b, const std::string& name, const std::string& alias) {
  nlmsghdr* h = start_change(b, 0, name);
  attr_put_strz(h, IFLA_IFNAME, name.c_str());
  attr_put_str(h, IFLA_IFALIAS, alias.c_str());
  b.finish();
}

void put_veth(batch& b, const veth& link) {
  nlmsghdr* h = b.start(RTM_NEWLINK, create, "link " + link.host_name);
  put_ifinfo(h)->ifi_index = link.host_index;
  attr_put_strz(h, IFLA_IFNAME, link.host_name.c_str());
  attr_put(h, IFLA_ADDRESS, link.host_mac.size(), link.host_mac.data());
  if (link.group != 0) attr_put_u32(h, IFLA_GROUP, link.group);
  if (link.mtu != 0) attr_put_u32(h, IFLA_MTU, static_cast<std::uint32_t>(link.mtu));
  nlattr* linkinfo = attr_nest_start(h, IFLA_LINKINFO);
  attr_put_str(h, IFLA_INFO_KIND, "veth");
  nlattr* data = attr_nest_start(h, IFLA_INFO_DATA);
  nlattr* peer = attr_nest_start(h, VETH_INFO_PEER);
  ifinfomsg* peer_info = put_ifinfo(h);
  peer_info->ifi_index = link.peer_index;
  attr_put_strz(h, IFLA_IFNAME, link.peer_name.c_str());
  if (link.mtu != 0) attr_put_u32(h, IFLA_MTU, static_cast<std::uint32_t>(link.mtu));
  attr_put(h, IFLA_ADDRESS, link.peer_mac.size(), link.peer_mac.data());
  attr_put_u32(h, IFLA_NET_NS_PID, static_cast<std::uint32_t>(link.peer_namespace));
  attr_nest_end(h, peer);
  attr_nest_end(h, data);
  attr_nest_end(h, linkinfo);
  b.finish();
}

void put_veth_up(batch& b, const veth& link) {
  nlmsghdr* h = start_change(b, link.host_index, link.host_name);
  auto* info = static_cast<ifinfomsg*>(payload(h));
  info->ifi_flags = info->ifi_change = IFF_UP;
  nlattr* families = attr_nest_start(h, IFLA_AF_SPEC);
  nlattr* inet = attr_nest_start(h, AF_INET);
  nlattr* settings = attr_nest_start(h, IFLA_INET_CONF);
  attr_put_u32(h, IPV4_DEVCONF_FORWARDING, 1);
  attr_put_u32(h, IPV4_DEVCONF_RP_FILTER, 1);
  attr_put_u32(h, IPV4_DEVCONF_SEND_REDIRECTS, 0);
  attr_nest_end(h, settings);
  attr_nest_end(h, inet);
  attr_nest_end(h, families);
  b.finish();
}

void put_link_question(batch& b, int index) {
  nlmsghdr* h = b.start(RTM_GETLINK, NLM_F_REQUEST, "link " + std::to_string(index));
  put_ifinfo(h)->ifi_index = index;
  attr_put_u32(h, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  b.finish();
}

void put_delete_link(batch& b, int index, const std::string& name) {
  nlmsghdr* h = b.start(RTM_DELLINK, NLM_F_REQUEST | NLM_F_ACK, "link " + name);
  put_ifinfo(h)->ifi_index = index;
  b.finish();
}

void delete_link(const socket& route, const std::string& name) {
  const int index = link_index(name);
  if (index == 0) return;
  batch b;
  put_delete_link(b, index, name);
  for (const auto& f : route.exchange(b)) {
    if (f.error != ENODEV) throw_errno(f.error, "remove", "link " + name);
  }
}

int link_index(const std::string& name) { return static_cast<int>(::if_nametoindex(name.c_str())); }

std::vector<link> list_links(const socket& route) {
  batch request;
  put_ifinfo(request.start(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, "links"));
  request.finish();
  std::vector<link> out;
  route.dump(request, [&out](const nlmsghdr* h) {
    link one;
    const auto* info = header_of<ifinfomsg>(h);
    if (info == nullptr) return;
    one.index = info->ifi_index;
    for_each_attribute(h, sizeof(ifinfomsg), [&one](const nlattr* a) {
      if (attr_type(a) == IFLA_IFNAME) one.name = attr_text(a);
      if (attr_type(a) == IFLA_IFALIAS) one.alias = attr_text(a);
      if (attr_type(a) == IFLA_GROUP) one.group = attr_u32(a);
    });
    out.push_back(std::move(one));
  });
  return out;
}

std::vector<std::string> link_names(const socket& route) {
  std::vector<std::string> names;
  for (link& l : list_links(route)) names.push_back(std::move(l.name));
  return names;
}

std::vector<subnet> used_subnets(const socket& route) {
  std::vector<subnet> out;
  batch addresses;
  nlmsghdr* h = addresses.start(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, "addresses");
  auto* a = static_cast<ifaddrmsg*>(put_extra_header(h, sizeof(ifaddrmsg)));
  a->ifa_family = AF_INET;
  addresses.finish();
  route.dump(addresses, [&out](const nlmsghdr* m) {
    const auto* info = header_of<ifaddrmsg>(m);
    if (info == nullptr) return;
    for_each_attribute(m, sizeof(ifaddrmsg), [&out, info](const nlattr* at) {
      if (attr_type(at) == IFA_ADDRESS) out.push_back({ntohl(attr_u32(at)), info->ifa_prefixlen});
    });
  });
  batch routes;
  h = routes.start(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, "routes");
  auto* r = static_cast<rtmsg*>(put_extra_header(h, sizeof(rtmsg)));
  r->rtm_family = AF_INET;
  routes.finish();
  route.dump(routes, [&out](const nlmsghdr* m) {
    const auto* info = header_of<rtmsg>(m);
    if (info == nullptr || info->rtm_dst_len == 0) return;
    for_each_attribute(m, sizeof(rtmsg), [&out, info](const nlattr* at) {
      if (attr_type(at) == RTA_DST) out.push_back({ntohl(attr_u32(at)), info->rtm_dst_len});
    });
  });
  return out;
}

}  // namespace lxr::io::netlink
