// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/netlink/route.hpp"

namespace lxr::network {

// "10.5.0.0/24".  parse_subnet() takes any prefix from 0 to 32, and bits behind it; nullopt for other text.
std::string to_text(const io::netlink::subnet& s);
std::optional<io::netlink::subnet> parse_subnet(const std::string& text);

bool lies_in(const io::netlink::subnet& inner, const io::netlink::subnet& outer);
// Throws errc::conflict when the host uses a part of the range, or routes it as a part of a subnet of /16 or less.
void check_unused(const io::netlink::subnet& range, const std::vector<io::netlink::subnet>& used, const char* operation,
                  const std::string& network);

// The subnets that a network may use, in the order to be tried.
struct subnet_candidates {
  std::vector<io::netlink::subnet> all;
  // True: the user named them (LXR_SUBNETS). They may then lie inside a wider route, such as a VPN's 10.0.0.0/8; only a
  // used subnet that is as narrow or narrower rules a candidate out.
  bool chosen_by_user = false;
};

// Returns the candidates. `setting` is the value of LXR_SUBNETS: private subnets (RFC 1918, RFC 6598) of /8 to /24 as
// "10.64.0.0/16", separated by commas or blanks; one wider than /16 stands for all its /16. Without it (null or empty):
// 10.100.0.0/16 to 10.219.0.0/16, beginning at a place that `tag` determines, then the /16 of 172.16.0.0/12, then the
// /20 of 192.168.0.0/16.
// Failure: throws errc::invalid_argument.
subnet_candidates list_candidates(const char* setting, const std::string& tag);

// Returns the first candidate that `used` leaves free.  Failure: throws errc::exhausted.
io::netlink::subnet choose_subnet(const subnet_candidates& candidates, const std::vector<io::netlink::subnet>& used);

}  // namespace lxr::network
