// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "io/netlink/nft.hpp"
#include "io/netlink/route.hpp"

namespace lxr::io::netlink {
namespace {

// Runs `body` in a network namespace of its own; the test passes when it returns true.
template <class Body>
void in_own_namespace(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    bool good = false;
    try {
      good = ::unshare(CLONE_NEWNET) == 0 && body();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
    ::_exit(good ? 0 : 1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(ipv4, text_and_back) {
  EXPECT_EQ(to_string(0x0a64ff01u), "10.100.255.1");
  EXPECT_EQ(parse_ipv4("10.100.255.1"), 0x0a64ff01u);
  EXPECT_EQ(parse_ipv4("10.0.0"), std::nullopt);
  EXPECT_TRUE((subnet{0x0a640000u, 16}.overlaps({0x0a640100u, 24})));
  EXPECT_FALSE((subnet{0x0a640000u, 16}.overlaps({0x0a650000u, 16})));
}

TEST(netlink, bridge_address_and_their_errors) {
  in_own_namespace([] {
    const socket route = socket::open(NETLINK_ROUTE);
    batch b;
    put_bridge(b, "lxrtest0", {2, 0, 0, 0, 0, 1});
    route.exchange_or_throw(b, "create");
    b.clear();
    put_address(b, link_index("lxrtest0"), 0x0a630001u, 16, "address");
    route.exchange_or_throw(b, "set");
    const auto used = used_subnets(route);
    if (std::ranges::none_of(used, [](const subnet& s) { return s.overlaps({0x0a630000u, 16}); })) return false;
    b.clear();
    put_bridge(b, "lxrtest0", {2, 0, 0, 0, 0, 1});
    const auto failures = route.exchange(b);
    if (failures.size() != 1 || failures[0].error != EEXIST || failures[0].sequence != 1) return false;
    b.clear();
    put_delete_link(b, link_index("lxrtest0"), "lxrtest0");
    route.exchange_or_throw(b, "remove");
    const auto names = link_names(route);
    return std::ranges::find(names, "lxrtest0") == names.end();
  });
}

TEST(nft, masquerade_table_comes_and_goes) {
  in_own_namespace([] {
    install_masquerade("lxrtest", {0x0a630000u, 16}, "one");
    install_masquerade("lxrtest", {0x0a630000u, 16}, "two");  // replaced, not doubled
    const auto tables = list_tables();
    if (tables.size() != 1 || tables[0].name != "lxrtest" || tables[0].comment != "two") return false;
    const bool there =
        ::system("nft list table ip lxrtest | grep -q 'ip saddr 10.99.0.0/16 ip daddr != 10.99.0.0/16 masquerade'") ==
            0 &&
        ::system("[ $(nft list table ip lxrtest | grep -c masquerade) = 1 ]") == 0;
    remove_table("lxrtest");
    remove_table("lxrtest");
    return there && ::system("nft list tables | grep -q lxrtest") != 0;
  });
}

// Issue 11, 1.17.
TEST(netlink, an_alias_stays_with_its_link) {
  in_own_namespace([] {
    const socket route = socket::open(NETLINK_ROUTE);
    batch b;
    put_veth(b, {"lvtest", 1 << 30, 0, ::getpid(), {2, 0, 0, 0, 0, 2}});  // first: its other end takes index 2
    put_bridge(b, "lxrtest0", {2, 0, 0, 0, 0, 1});
    put_alias(b, "lxrtest0", "whose it is");
    route.exchange(b);  // there is no bridge 0 to join
    b.clear();
    put_port(b, {"lvtest", 1 << 30, link_index("lxrtest0"), ::getpid(), {2, 0, 0, 0, 0, 2}});
    route.exchange_or_throw(b, "set");
    const auto links = list_links(route);
    const auto bridge = std::ranges::find(links, "lxrtest0", &link::name),
               port = std::ranges::find(links, "lvtest", &link::name);
    return bridge != links.end() && bridge->alias == "whose it is" && bridge->master == 0 && port != links.end() &&
           port->index == 1 << 30 && port->master == bridge->index && port->alias.empty();
  });
}

// Issue 11, 1.20.
TEST(nft, nothing_is_forwarded_between_the_named_links) {
  in_own_namespace([] {
    install_no_forwarding("lxrtest", {"eth0", "tun0"}, "mine");
    const bool there =
        ::system("nft list table ip lxrtest | grep -q 'type filter hook forward priority filter; policy accept'") ==
            0 &&
        ::system("nft list table ip lxrtest | grep -q 'iifname \"tun0\" jump on'") == 0 &&
        ::system("nft list table ip lxrtest | grep -q 'oifname \"eth0\" drop'") == 0;
    remove_table("lxrtest");
    return there && list_tables().empty();
  });
}

}  // namespace
}  // namespace lxr::io::netlink
