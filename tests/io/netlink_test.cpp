// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "io/netlink/nft.hpp"
#include "io/netlink/route.hpp"
#include "tests/support/own_network.hpp"

namespace lxr::io::netlink {
namespace {

using test::in_own_network;

TEST(ipv4, text_and_back) {
  EXPECT_EQ(to_string(0x0a64ff01u), "10.100.255.1");
  EXPECT_EQ(parse_ipv4("10.100.255.1"), 0x0a64ff01u);
  EXPECT_EQ(parse_ipv4("10.0.0"), std::nullopt);
  EXPECT_TRUE((subnet{0x0a640000u, 16}.overlaps({0x0a640100u, 24})));
  EXPECT_FALSE((subnet{0x0a640000u, 16}.overlaps({0x0a650000u, 16})));
}

TEST(netlink, bridge_address_and_their_errors) {
  in_own_network([] {
    const socket route = socket::open(NETLINK_ROUTE);
    batch b;
    put_bridge(b, {"lxrtest0", {2, 0, 0, 0, 0, 1}});
    route.exchange_or_throw(b, "create");
    b.clear();
    put_address(b, link_index("lxrtest0"), 0x0a630001u, 16, "address");
    route.exchange_or_throw(b, "set");
    const auto used = used_subnets(route);
    if (std::ranges::none_of(used, [](const subnet& s) { return s.overlaps({0x0a630000u, 16}); })) return false;
    b.clear();
    put_bridge(b, {"lxrtest0", {2, 0, 0, 0, 0, 1}});
    const auto failures = route.exchange(b);
    if (failures.size() != 1 || failures[0].error != EEXIST || failures[0].sequence != 1) return false;
    b.clear();
    put_delete_link(b, link_index("lxrtest0"), "lxrtest0");
    route.exchange_or_throw(b, "remove");
    const auto names = link_names(route);
    return std::ranges::find(names, "lxrtest0") == names.end();
  });
}

// Issue 11, 1.17.
TEST(netlink, an_alias_and_a_group_stay_with_their_links) {
  in_own_network([] {
    const socket route = socket::open(NETLINK_ROUTE);
    batch b;
    veth pair;
    pair.host_name = "lvtest";
    pair.host_index = 1 << 30;
    pair.host_mac = {2, 0, 0, 0, 0, 1};
    pair.group = 7;
    pair.peer_namespace = ::getpid();
    pair.peer_mac = {2, 0, 0, 0, 0, 2};
    put_veth(b, pair);  // first: its other end takes index 2
    put_veth_up(b, pair);
    put_bridge(b, {"lxrtest0", {2, 0, 0, 0, 0, 1}, 7, 1400});
    put_alias(b, "lxrtest0", "whose it is");
    route.exchange_or_throw(b, "make");
    const auto links = list_links(route);
    const auto bridge = std::ranges::find(links, "lxrtest0", &link::name),
               host_end = std::ranges::find(links, "lvtest", &link::name);
    return bridge != links.end() && bridge->alias == "whose it is" && bridge->group == 7 && host_end != links.end() &&
           host_end->index == 1 << 30 && host_end->group == 7 && host_end->alias.empty() &&
           ::system(
               "[ $(cat /proc/sys/net/ipv4/conf/lvtest/rp_filter) = 1 ] && "
               "[ $(cat /proc/sys/net/ipv4/conf/lvtest/send_redirects) = 0 ]") == 0;
  });
}

TEST(nft, a_table_is_changed_as_a_whole_or_not_at_all) {
  in_own_network([] {
    const auto make = [] {
      nft::transaction t(nft::family::inet, "lxrtest");
      t.add_table("mine");
      t.add_set("groups", {nft::link_group});
      t.add_set("subnets", {nft::ipv4_address}, nft::set_kind::ranges);
      t.add_map("ports", {nft::protocol, nft::port}, {nft::ipv4_address, nft::port});
      t.add_base_chain("forward", "filter", NF_INET_FORWARD, 0);
      t.add_rule("forward").load_meta(NFT_META_IIFGROUP).in("groups").accept();
      t.add_rule("forward").only_ipv4().load_ipv4_source().in("subnets").reject();
      t.keep_element("groups", nft::value_of(7));
      t.keep_range("subnets", nft::address_value(0x0a630000u), nft::address_value(0x0a640000u));
      t.commit();
    };
    make();
    make();  // the same again, with the elements kept
    const auto listed = [](const char* pattern) {
      return ::system((std::string("nft list table inet lxrtest | grep -q '") + pattern + "'").c_str()) == 0;
    };
    if (!listed("iifgroup @groups accept") || !listed("ip saddr @subnets reject with icmpx") ||
        !listed("elements = { 7 }") || !listed("10.99.0.0/16") ||
        ::system("[ $(nft list table inet lxrtest | grep -c reject) = 1 ]") != 0)
      return false;
    const auto tables = nft::list_tables();
    if (tables.size() != 1 || tables[0].name != "lxrtest" || tables[0].comment != "mine") return false;

    const nft::bytes key = nft::protocol_value(6) + nft::port_value(8080),
                     to = nft::address_value(0x0a630002u) + nft::port_value(80);
    nft::transaction first(nft::family::inet, "lxrtest");
    first.add_element("ports", key, to, "owner");
    if (!first.try_commit().empty()) return false;
    nft::transaction second(nft::family::inet, "lxrtest");
    second.add_element("ports", nft::protocol_value(17) + nft::port_value(8080), to, "other");
    second.add_element("ports", key, to, "other");
    const auto refused = second.try_commit();
    if (refused.size() != 1 || refused[0].change != 1 || refused[0].error != EEXIST) return false;
    const auto elements = nft::list_elements(nft::family::inet, "lxrtest", "ports");
    if (elements.size() != 1 || elements[0].key != key || elements[0].data != to || elements[0].comment != "owner")
      return false;
    const auto found = nft::find_element(nft::family::inet, "lxrtest", "ports", key);
    if (!found || found->comment != "owner" ||
        nft::find_element(nft::family::inet, "lxrtest", "ports", nft::protocol_value(6) + nft::port_value(1)))
      return false;
    nft::transaction third(nft::family::inet, "lxrtest");
    third.delete_element("ports", nft::protocol_value(6) + nft::port_value(8081));
    if (third.try_commit().at(0).error != ENOENT) return false;
    nft::remove_table(nft::family::inet, "lxrtest");
    nft::remove_table(nft::family::inet, "lxrtest");
    return nft::list_tables().empty() && nft::list_elements(nft::family::inet, "lxrtest", "ports").empty();
  });
}

}  // namespace
}  // namespace lxr::io::netlink
