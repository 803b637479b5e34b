// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/ports.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>

#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "pipeline/network/firewall.hpp"
#include "pipeline/network/layout.hpp"

namespace lxr::network {
namespace {

namespace nl = io::netlink;

union socket_address {
  sockaddr any;
  sockaddr_in ipv4;
  sockaddr_in6 ipv6;
};

// "" is the address of all, in IPv6 (whose sockets take IPv4 packets too) unless the kernel has none.
std::optional<socket_address> address_of(const published_port& p, bool without_ipv6) {
  socket_address out{};
  if (p.address.find(':') != std::string::npos || (p.address.empty() && !without_ipv6)) {
    out.ipv6.sin6_family = AF_INET6;
    out.ipv6.sin6_port = htons(p.host);
    if (!p.address.empty() && ::inet_pton(AF_INET6, p.address.c_str(), &out.ipv6.sin6_addr) != 1) return std::nullopt;
    return out;
  }
  out.ipv4.sin_family = AF_INET;
  out.ipv4.sin_port = htons(p.host);
  if (!p.address.empty() && ::inet_pton(AF_INET, p.address.c_str(), &out.ipv4.sin_addr) != 1) return std::nullopt;
  return out;
}

std::uint16_t port_of(int socket) {
  socket_address bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(socket, &bound.any, &size) != 0) throw_errno("ask for the port of", "a socket");
  return ntohs(bound.any.sa_family == AF_INET ? bound.ipv4.sin_port : bound.ipv6.sin6_port);
}

// Binds a socket to the port, or to any free one if it is 0, and then sets it. Returns errno.
int bind_port(published_port& p, unique_fd& out, bool without_ipv6 = false) {
  const int type = p.protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
  const auto address = address_of(p, without_ipv6);
  if (!address) return EADDRNOTAVAIL;
  const bool is_ipv6 = address->any.sa_family == AF_INET6;
  unique_fd fd(::socket(address->any.sa_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, p.protocol));
  const bool is_dual = p.address.empty() && is_ipv6;
  if (!fd && errno == EAFNOSUPPORT && is_dual) return bind_port(p, out, true);
  if (!fd && p.protocol == IPPROTO_SCTP && (errno == EPROTONOSUPPORT || errno == ESOCKTNOSUPPORT)) return 0;
  if (!fd) return errno;
  const int on = 1, only_ipv6 = is_dual ? 0 : 1;
  // Connections that have ended keep no port; another listener does all the same.
  if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (is_ipv6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &only_ipv6, sizeof only_ipv6);
  if (::bind(fd.get(), &address->any, is_ipv6 ? sizeof address->ipv6 : sizeof address->ipv4) != 0) {
    if (errno == EADDRNOTAVAIL && is_dual) return bind_port(p, out, true);  // IPv6 is off here
    return errno;
  }
  if (type == SOCK_STREAM && ::listen(fd.get(), SOMAXCONN) != 0) return errno;
  p.host = port_of(fd.get());
  out = std::move(fd);
  return 0;
}

bool overlap(const published_port& a, const published_port& b) {
  return a.protocol == b.protocol && a.host == b.host &&
         (a.address == b.address || a.address.empty() || b.address.empty());
}

// Returns "container NAME" for the living container that has published the port; "" when there is none.
std::string owner_of_port(const instance& where, const published_port& wanted) {
  for (const std::string& id : list_containers(where)) {
    container_state s;
    quietly([&] { s = load_state(where, id); });
    if (std::ranges::any_of(s.ports, [&](const published_port& p) { return overlap(p, wanted); }))
      return "container " + (s.name.empty() ? short_id(id) : '"' + s.name + '"');
  }
  return "";
}

[[noreturn]] void refuse(const instance& where, const published_port& p, int code) {
  const std::string port = std::to_string(p.host) + "/" + to_protocol_word(p.protocol);
  if (code == EADDRINUSE) throw port_is_taken(p, owner_of_port(where, p));
  if (code == EADDRNOTAVAIL) {
    throw error(errc::invalid_argument, "publish port", port, "this host has no address " + p.address,
                "see ip address, or leave the address out");
  }
  throw_errno(code, "publish port", port);
}

// A port of the container at any free one of a range of the host's.
held_port hold_one_of(const instance& where, const port_request& r) {
  held_port out{{r.address, r.first_host, r.inner.first, r.inner.protocol}, {}};
  for (std::uint32_t host = r.first_host; host <= r.last_host; ++host) {
    out.port.host = static_cast<std::uint16_t>(host);
    const int code = bind_port(out.port, out.socket);
    if (code == 0) return out;
    if (code != EADDRINUSE || host == r.last_host) refuse(where, out.port, code);
  }
  refuse(where, out.port, EADDRINUSE);
}

std::vector<port_entry> entries_of(const std::vector<held_port>& ports, nl::ipv4 target) {
  std::vector<port_entry> out;
  out.reserve(ports.size());
  for (const held_port& p : ports) out.push_back({p.port, target});
  return out;
}

std::vector<port_entry> entries_of(const instance& where, const container_state& s) {
  std::vector<port_entry> out;
  if (s.ports.empty()) return out;
  out.reserve(s.ports.size());
  const nl::ipv4 target = target_of_ports(where, s);
  for (const published_port& p : s.ports) out.push_back({p, target});
  return out;
}

}  // namespace

nl::ipv4 target_of_ports(const instance& where, const container_state& s) {
  for (const network_place& p : s.networks) {
    const auto of = saved_layout(where, p.directory);
    if (of && !of->is_internal) return nl::parse_ipv4(p.address).value_or(0);
  }
  return 0;
}

std::vector<held_port> hold_ports(const instance& where, const std::vector<port_request>& requests) {
  std::vector<held_port> out;
  for (const port_request& r : requests) {
    const unsigned inner = r.inner.last - r.inner.first + 1u, outer = r.last_host - r.first_host + 1u;
    if (inner == 1 && outer > 1) {
      out.push_back(hold_one_of(where, r));
      continue;
    }
    for (unsigned i = 0; i < inner; ++i) {
      held_port one;
      one.port.address = r.address;
      one.port.host = r.first_host == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(r.first_host + i);
      one.port.inner = static_cast<std::uint16_t>(r.inner.first + i);
      one.port.protocol = r.inner.protocol;
      if (const int code = bind_port(one.port, one.socket); code != 0) refuse(where, one.port, code);
      out.push_back(std::move(one));
    }
  }
  return out;
}

void publish_ports(const instance& where, const std::string& container_id, const std::vector<held_port>& ports,
                   nl::ipv4 target) {
  const std::vector<port_entry> entries = entries_of(ports, target);
  try {
    publish(where, container_id, entries);
  } catch (const error& e) {
    if (e.code() != errc::conflict || !sweep_ports(where, container_id)) throw;
    publish(where, container_id, entries);
  }
}

void withdraw_ports(const instance& where, const std::string& container_id, const container_state& state) noexcept {
  if (state.ports.empty()) return;
  quietly([&] { withdraw(where, container_id, entries_of(where, state)); });
}

bool sweep_ports(const instance& where, const std::string& beginner) {
  std::map<std::string, std::vector<port_entry>> stale;
  for (const port_owner& o : list_published(where)) {
    if (o.container_id == beginner || stale.contains(o.container_id) || !lives(where, o.container_id))
      stale[o.container_id].push_back(o.entry);
  }
  for (const auto& [id, entries] : stale) withdraw(where, id, entries);
  return !stale.empty();
}

bool are_free(const std::vector<published_port>& ports) {
  return std::ranges::all_of(ports, [](published_port p) {
    unique_fd probe;
    return bind_port(p, probe) != EADDRINUSE;
  });
}

void publish_again(const instance& where, const std::string& container_id, const container_state& state) {
  const auto entries = entries_of(where, state);
  withdraw(where, container_id, entries);
  publish(where, container_id, entries);
}

}  // namespace lxr::network
