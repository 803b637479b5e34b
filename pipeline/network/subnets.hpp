#pragma once

#include <string>
#include <vector>

#include "io/netlink/route.hpp"

namespace lxr::network {

// What a network may be made of, in the order to be tried.
struct subnet_candidates {
  std::vector<io::netlink::subnet> all;
  // Named by the user (LXR_SUBNETS): may lie within a wider route, as of a VPN for 10.0.0.0/8; only what is as narrow, or narrower, stands against it.
  bool chosen_by_user = false;
};

// `setting`: what LXR_SUBNETS says, null when it is not set: subnets as "10.64.0.0/16", between commas or blanks, of the
// private ranges (RFC 1918, 6598), /8 to /24; one wider than /16 stands for all /16 of it. Without it: 10.100.0.0/16 to
// 10.219.0.0/16, from a place that `tag` says, then the /16 of 172.16.0.0/12, then the /20 of 192.168.0.0/16.
// Throws errc::invalid_argument.
subnet_candidates list_candidates(const char* setting, const std::string& tag);

// The first that `used` leaves free. Throws errc::exhausted.
io::netlink::subnet choose_subnet(const subnet_candidates& candidates, const std::vector<io::netlink::subnet>& used);

}  // namespace lxr::network
