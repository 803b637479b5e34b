// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/link.hpp"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "bench/floor/container.hpp"

extern "C" unsigned if_nametoindex(const char*) noexcept;

namespace lxr::floor {
namespace {

constexpr std::uint16_t create = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
constexpr std::uint16_t change = NLM_F_REQUEST | NLM_F_ACK;

// Messages behind one another in one buffer.
class writer {
 public:
  void open(std::uint16_t type, std::uint16_t flags) {
    at_ = bytes_.size();
    bytes_.resize(at_ + sizeof(nlmsghdr));
    header()->nlmsg_type = type;
    header()->nlmsg_flags = flags;
    ++count;
  }
  template <class T>
  T* add() {
    const std::size_t begin = bytes_.size();
    bytes_.resize(begin + NLMSG_ALIGN(sizeof(T)));
    return reinterpret_cast<T*>(bytes_.data() + begin);
  }
  void attribute(std::uint16_t type, const void* data, std::size_t size) {
    const std::size_t begin = nest(type);
    bytes_.insert(bytes_.end(), static_cast<const char*>(data), static_cast<const char*>(data) + size);
    reinterpret_cast<rtattr*>(bytes_.data() + begin)->rta_len = static_cast<unsigned short>(RTA_LENGTH(size));
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  void number(std::uint16_t type, std::uint32_t value) { attribute(type, &value, sizeof value); }
  void text(std::uint16_t type, const char* value) { attribute(type, value, std::strlen(value) + 1); }
  std::size_t nest(std::uint16_t type) {
    const std::size_t begin = bytes_.size();
    add<rtattr>()->rta_type = type;
    return begin;
  }
  void end(std::size_t begin) {
    reinterpret_cast<rtattr*>(bytes_.data() + begin)->rta_len = static_cast<unsigned short>(bytes_.size() - begin);
  }
  void close() { header()->nlmsg_len = static_cast<std::uint32_t>(bytes_.size() - at_); }

  void send(int fd) const { must(::send(fd, bytes_.data(), bytes_.size(), 0), "netlink send"); }
  void exchange(int fd) const {
    send(fd);
    alignas(nlmsghdr) char reply[8192];
    for (int missing = count; missing > 0;) {
      long left = must(::recv(fd, reply, sizeof reply, 0), "netlink receive");
      for (const char* p = reply; left >= static_cast<long>(sizeof(nlmsghdr));) {
        const auto* h = reinterpret_cast<const nlmsghdr*>(p);
        if (h->nlmsg_type == NLMSG_ERROR) {
          errno = -reinterpret_cast<const nlmsgerr*>(p + NLMSG_HDRLEN)->error;
          must(errno == 0 ? 0 : -1, "netlink");
          --missing;
        }
        left -= NLMSG_ALIGN(h->nlmsg_len);
        p += NLMSG_ALIGN(h->nlmsg_len);
      }
    }
  }

  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data() + at_); }

  int count = 0;

 private:
  std::vector<char> bytes_;
  std::size_t at_ = 0;
};

ifinfomsg* put_link(writer& w, std::uint16_t flags, int index, bool up) {
  w.open(RTM_NEWLINK, flags);
  auto* info = w.add<ifinfomsg>();
  info->ifi_index = index;
  if (up) info->ifi_flags = info->ifi_change = IFF_UP;
  return info;
}

void put_no_ipv6(writer& w) {
  const std::size_t all = w.nest(IFLA_AF_SPEC), inet6 = w.nest(AF_INET6);
  const std::uint8_t none = 1;  // IN6_ADDR_GEN_MODE_NONE
  w.attribute(IFLA_INET6_ADDR_GEN_MODE, &none, 1);
  w.end(inet6);
  w.end(all);
}

int index_of(std::uint32_t address) { return static_cast<int>(1u << 30 | (address & ~(3u << 30))); }

void put_hardware_address(writer& w, std::uint16_t attribute, std::uint32_t address) {
  const std::uint32_t rest = htonl(address);
  unsigned char mac[6] = {0x02, 0x42};
  std::memcpy(mac + 2, &rest, sizeof rest);
  w.attribute(attribute, mac, sizeof mac);
}

// Forwarding entry, isolation, source check: as a port of lxr's.
void put_port(writer& w, int bridge, std::uint32_t address) {
  put_link(w, change, index_of(address), false);
  w.number(IFLA_MASTER, static_cast<std::uint32_t>(bridge));
  put_no_ipv6(w);
  w.close();
  put_link(w, change, index_of(address), true);
  const std::size_t info = w.nest(IFLA_LINKINFO), port = w.nest(IFLA_INFO_SLAVE_DATA);
  for (const auto& [setting, value] : {std::pair{IFLA_BRPORT_LEARNING, 0},
                                       {IFLA_BRPORT_UNICAST_FLOOD, 0},
                                       {IFLA_BRPORT_ISOLATED, 1},
                                       {IFLA_BRPORT_LOCKED, 1}}) {
    const auto byte = static_cast<std::uint8_t>(value);
    w.attribute(static_cast<std::uint16_t>(setting), &byte, 1);
  }
  w.end(port);
  w.end(info);
  w.close();
  w.open(RTM_NEWNEIGH, create);
  auto* n = w.add<ndmsg>();
  n->ndm_family = AF_BRIDGE;
  n->ndm_ifindex = index_of(address);
  n->ndm_state = NUD_NOARP;
  n->ndm_flags = NTF_MASTER;
  put_hardware_address(w, NDA_LLADDR, address);
  w.close();
}

void put_address(writer& w, int index, std::uint32_t address) {
  w.open(RTM_NEWADDR, create);
  auto* a = w.add<ifaddrmsg>();
  a->ifa_family = AF_INET;
  a->ifa_prefixlen = 16;
  a->ifa_index = static_cast<unsigned>(index);
  w.number(IFA_LOCAL, htonl(address));
  w.number(IFA_ADDRESS, htonl(address));
  w.close();
}

}  // namespace

links::links() : fd_(open_route()) {}
links::~links() { ::close(fd_); }

int links::make_bridge(const std::string& name, std::uint32_t address) {
  writer w;
  put_link(w, create, 0, true);
  w.text(IFLA_IFNAME, name.c_str());
  const std::size_t info = w.nest(IFLA_LINKINFO);
  w.text(IFLA_INFO_KIND, "bridge");
  w.end(info);
  w.close();
  w.exchange(fd_);
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  writer a;
  put_address(a, index, address);
  a.exchange(fd_);
  return index;
}

void links::remove(const std::string& name) {
  const int index = static_cast<int>(if_nametoindex(name.c_str()));
  if (index == 0) return;
  writer w;
  w.open(RTM_DELLINK, change);
  w.add<ifinfomsg>()->ifi_index = index;
  w.close();
  w.exchange(fd_);
}

void links::make_veth(const std::string& name, int bridge, pid_t pid, std::uint32_t address) {
  writer w;
  put_link(w, create, index_of(address), false);
  w.text(IFLA_IFNAME, name.c_str());
  const std::size_t info = w.nest(IFLA_LINKINFO);
  w.text(IFLA_INFO_KIND, "veth");
  const std::size_t data = w.nest(IFLA_INFO_DATA), peer = w.nest(VETH_INFO_PEER);
  w.add<ifinfomsg>()->ifi_index = 2;
  w.text(IFLA_IFNAME, "eth0");
  put_hardware_address(w, IFLA_ADDRESS, address);
  w.number(IFLA_NET_NS_PID, static_cast<std::uint32_t>(pid));
  w.end(peer);
  w.end(data);
  w.end(info);
  w.close();
  put_port(w, bridge, address);
  w.exchange(fd_);
}

int open_route() {
  return static_cast<int>(must(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink"));
}

void await_links(int route, int bridge, std::uint32_t address) {
  writer w;
  for (const int index : {index_of(address), bridge}) {
    put_link(w, NLM_F_REQUEST, index, false);
    w.header()->nlmsg_type = RTM_GETLINK;
    w.number(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    w.close();
  }
  w.send(route);
  char reply[8192];
  for (int i = 0; i < 2; ++i) must(::recv(route, reply, sizeof reply, 0), "netlink receive");
  ::close(route);
}

void configure_peer(std::uint32_t address, std::uint32_t gateway) {
  writer w;
  put_link(w, change, 1, true);
  w.close();
  put_address(w, 2, address);
  put_link(w, change, 2, false);
  put_no_ipv6(w);
  w.close();
  put_link(w, change, 2, true);
  w.close();
  w.open(RTM_NEWROUTE, create);
  auto* r = w.add<rtmsg>();
  r->rtm_family = AF_INET;
  r->rtm_table = RT_TABLE_MAIN;
  r->rtm_protocol = RTPROT_BOOT;
  r->rtm_type = RTN_UNICAST;
  w.number(RTA_GATEWAY, htonl(gateway));
  w.close();
  const int fd = open_route();
  w.exchange(fd);
  ::close(fd);
}

int count_links(const std::string& prefix) {
  int n = 0;
  DIR* all = ::opendir("/sys/class/net");
  while (const dirent* entry = ::readdir(all)) n += std::string_view(entry->d_name).starts_with(prefix) ? 1 : 0;
  ::closedir(all);
  return n;
}

}  // namespace lxr::floor
