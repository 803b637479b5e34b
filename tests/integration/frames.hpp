// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/unique_fd.hpp"

// Ethernet frames as an attacker who may open raw sockets makes them (packet(7)).
namespace lxr::test {

using mac = std::array<std::uint8_t, 6>;
inline constexpr mac broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
inline constexpr mac all_nodes{0x33, 0x33, 0, 0, 0, 1};
mac parse_mac(const std::string& text);

// A socket on one link of the network namespace that process `pid` is in (0: ours).
class frame_socket {
 public:
  frame_socket(pid_t pid, const std::string& link);
  void send(const std::string& frame) const;
  // How many of the frames that have arrived since the last call, and were not sent from here, satisfy `wanted`.
  [[nodiscard]] int count(const std::function<bool(const std::string& frame)>& wanted) const;

 private:
  unique_fd fd_;
};

mac source_of(const std::string& frame);
mac target_of(const std::string& frame);

std::string ethernet(const mac& to, const mac& from, std::uint16_t type, const std::string& payload);
// "`address` is at `mac_of_it`", to `to` who has `its_address`.
std::string arp_reply(const mac& to, const mac& from, const std::string& address, const mac& mac_of_it,
                      const std::string& its_address);
// A router advertisement that offers itself (fe80::bad) as the default router, and the prefix 2001:db8:bad::/64.
std::string router_advertisement(const mac& from);
// An IPv4 packet without content, of a protocol that nobody uses (253, RFC 3692).
std::string ipv4_packet(const mac& to, const mac& from, const std::string& source, const std::string& destination);

}  // namespace lxr::test
