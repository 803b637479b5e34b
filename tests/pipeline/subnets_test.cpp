// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/subnets.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr::network {
namespace {

using io::netlink::subnet;

subnet s(const std::string& base, int prefix) { return {*io::netlink::parse_ipv4(base), prefix}; }
std::string chosen(const char* setting, const std::vector<subnet>& used) {
  const subnet c = choose_subnet(list_candidates(setting, ""), used);
  return io::netlink::to_string(c.base) + "/" + std::to_string(c.prefix);
}

// Issue 11, 1.9.
TEST(subnets, of_the_next_private_range_where_one_is_routed) {
  EXPECT_EQ(chosen(nullptr, {}), "10.100.0.0/16");
  EXPECT_EQ(chosen(nullptr, {s("10.100.7.0", 24), s("10.101.0.1", 16)}), "10.102.0.0/16");
  EXPECT_EQ(chosen(nullptr, {s("10.0.0.0", 8)}), "172.16.0.0/16");
  EXPECT_EQ(chosen(nullptr, {s("10.0.0.0", 8), s("172.16.0.0", 15)}), "172.18.0.0/16");
  EXPECT_EQ(chosen(nullptr, {s("10.0.0.0", 8), s("172.16.0.0", 12), s("192.168.1.0", 24)}), "192.168.16.0/20");
  EXPECT_THROW(chosen(nullptr, {s("10.0.0.0", 8), s("172.16.0.0", 12), s("192.168.0.0", 16)}), error);
}

TEST(subnets, the_users_also_within_a_wider_route) {
  EXPECT_EQ(chosen("10.64.0.0/16", {s("10.0.0.0", 8)}), "10.64.0.0/16");
  EXPECT_EQ(chosen("10.64.0.0/16, 172.30.4.0/22", {s("10.64.9.0", 24)}), "172.30.4.0/22");
  EXPECT_EQ(chosen("10.64.0.0/14", {s("10.64.0.0", 16)}), "10.65.0.0/16");
  EXPECT_EQ(chosen("", {}), "10.100.0.0/16");
  EXPECT_THROW(chosen("10.64.0.0/16", {s("10.64.0.0", 16)}), error);
  for (const char* bad : {"10.64.0.0", "10.64.0.1/16", "8.8.0.0/16", "10.64.0.0/25", "10.64.0.0/", "10.64.0.0/1x",
                          "x/16", "10.64.0.0/16;10.65.0.0/16", "0.0.0.0/0", "10.0.0.0/-8"}) {
    EXPECT_THROW(list_candidates(bad, ""), error) << bad;
  }
}

TEST(subnets, instances_begin_at_different_ones) {
  EXPECT_NE(list_candidates(nullptr, "935d495d").all.front().base, list_candidates(nullptr, "").all.front().base);
  EXPECT_EQ(list_candidates(nullptr, "935d495d").all.size(), 120u + 16 + 16);
}

}  // namespace
}  // namespace lxr::network
