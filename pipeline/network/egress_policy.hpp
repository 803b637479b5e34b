// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "io/netlink/route.hpp"

namespace lxr::network {

// What a container with --egress may reach: "*.example.org" stands for the names below it, without itself.
struct egress_policy {
  struct span {
    io::netlink::ipv4 first = 0, last = 0;
  };
  std::vector<span> spans;  // sorted; none overlaps another
  std::vector<std::string> domains;
};
// Reads words such as "192.0.2.7", "10.0.0.0/8", "example.org" and "*.example.org". A subnet that holds addresses for
// which is_special() is true stands for the others in it: those have to be named alone.
// Failure: throws errc::invalid_argument for any other word.
egress_policy parse_egress(const std::vector<std::string>& words);
// Returns true for the link-local addresses 169.254.0.0/16, and for 100.100.100.200, 168.63.129.16 and 192.0.0.192,
// where clouds have metadata services, too.
bool is_special(io::netlink::ipv4 address);

}  // namespace lxr::network
