// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/instance/paths.hpp"
#include "io/netlink/nft.hpp"
#include "io/netlink/route.hpp"
#include "pipeline/network/egress_policy.hpp"

// The part of an instance's nft table (firewall.hpp) that is about containers with --egress. It knows them by the
// host's ends of their links, whose names no other container gets. What they may not reach is rejected, as is what goes
// to the host, but for questions to the resolver. All functions block until the kernel has answered and throw
// lxr::error.
namespace lxr::network {

// The sets and maps, for the transaction that makes the table.
void put_egress_sets(io::netlink::nft::transaction& t);
// A rule for what restricted containers send: rejects what they may not reach, and has no effect otherwise.
void put_egress_rule(io::netlink::nft::transaction& t, const char* chain);

// The links of a container, and all that it may reach. Containers that may reach the same share a chain and a set, so
// that each is one element of a map.
struct restriction {
  std::vector<std::string> links;
  std::vector<io::netlink::ipv4> gateways;  // where it may ask the resolver
  std::vector<egress_policy::span> spans;
};
// Failure: throws errc::not_found without the table.
void enter(const instance& where, const restriction& r);
// A restricted link, and the chain that judges its packets.
struct restricted_link {
  std::string name, chain;
};
std::vector<restricted_link> list_restricted(const instance& where);
// Ends the restriction of those links that are restricted.
void lift(const instance& where, const std::vector<std::string>& links);

// Closes what answers have opened for links.
void withdraw_answers(const instance& where, const std::set<std::string>& links);

// An address that a restricted container may reach by a link for `life` seconds from now.
struct admission {
  std::array<char, 16> link{};  // its name, and zeros
  std::uint32_t address = 0;    // in host order
  std::uint32_t life = 0;
  std::uint32_t is_forwarded = 0;  // 1: by the answer of another server, 0: by the name of a container
};
void admit(const std::string& table, const std::vector<admission>& all);

}  // namespace lxr::network
