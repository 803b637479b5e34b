// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>

namespace lxr::io::channel {

// Who sent a UDP packet, and to which address of this host: an answer goes back from there (ip(7), IP_PKTINFO;
// ipv6(7), IPV6_PKTINFO).
struct datagram_peer {
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_storage);
  alignas(cmsghdr) std::array<char, 128> control{};  // as received
  std::size_t control_size = 0;

  // Distinguishes senders.
  [[nodiscard]] std::string key() const { return {reinterpret_cast<const char*>(&address), size}; }
};

// Makes receive_datagram() learn to which address packets came. For a bound UDP socket, IPv4 or IPv6.
void ask_for_destination(int socket) noexcept;
// Returns the size of the next packet, or -1 with errno; does not block.
ssize_t receive_datagram(int socket, std::span<char> buffer, datagram_peer& from) noexcept;
// Sends an answer; a full socket buffer loses it.
void answer_datagram(int socket, std::span<const char> data, const datagram_peer& to) noexcept;

}  // namespace lxr::io::channel
