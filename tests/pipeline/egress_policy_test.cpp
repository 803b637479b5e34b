// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress_policy.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr::network {
namespace {

std::string text_of(const egress_policy& p) {
  std::string out;
  for (const auto& [first, last] : p.spans)
    out += io::netlink::to_string(first) + "-" + io::netlink::to_string(last) + " ";
  for (const std::string& domain : p.domains) out += domain + " ";
  return out;
}

TEST(egress_policy, reads_addresses_subnets_and_domains) {
  EXPECT_EQ(text_of(parse_egress({"192.0.2.7", "10.0.0.0/8", "example.org", "*.Example.org"})),
            "10.0.0.0-10.255.255.255 192.0.2.7-192.0.2.7 example.org *.Example.org ");
  EXPECT_EQ(text_of(parse_egress({})), "");
  for (const char* bad :
       {"", "10.0.0.0/33", "10.1", "300.1.1.1", "a..b", "*", "*.", "a b", "::1", "fd00::/8", "ex*.org", "none", "NONE"})
    EXPECT_THROW(parse_egress({bad}), error) << bad;
}

TEST(egress_policy, joins_what_overlaps_or_touches) {
  EXPECT_EQ(text_of(parse_egress(
                {"10.0.1.0/24", "10.0.0.0/24", "10.0.0.128/25", "10.0.3.0/24", "255.255.255.255", "255.0.0.0/8"})),
            "10.0.0.0-10.0.1.255 10.0.3.0-10.0.3.255 255.0.0.0-255.255.255.255 ");
}

TEST(egress_policy, leaves_metadata_services_out_of_wider_subnets) {
  EXPECT_EQ(text_of(parse_egress({"0.0.0.0/0"})),
            "0.0.0.0-100.100.100.199 100.100.100.201-168.63.129.15 168.63.129.17-169.253.255.255 "
            "169.255.0.0-192.0.0.191 192.0.0.193-255.255.255.255 ");
  EXPECT_EQ(text_of(parse_egress({"169.254.169.254"})), "169.254.169.254-169.254.169.254 ");
  EXPECT_EQ(text_of(parse_egress({"169.254.0.0/16", "169.252.0.0/14"})), "169.252.0.0-169.255.255.255 ");
  EXPECT_TRUE(is_special(io::netlink::parse_ipv4("169.254.169.254").value()));
  EXPECT_FALSE(is_special(io::netlink::parse_ipv4("10.0.0.1").value()));
}

}  // namespace
}  // namespace lxr::network
