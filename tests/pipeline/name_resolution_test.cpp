// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/name_resolution.hpp"

#include <gtest/gtest.h>

namespace lxr::rootfs {
namespace {

container_config of(network_mode mode) {
  container_config c;
  c.name = "box";
  c.network.hostname = "inside";
  c.network.mode = mode;
  return c;
}
const std::string loopback = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";

// Issue 11, 1.20 and 3.11.
TEST(hosts_file, own_names_always_resolve) {
  EXPECT_EQ(hosts_file(of(network_mode::bridge), {"10.1.2.3", ""}, ""), loopback + "10.1.2.3\tinside box\n");
  EXPECT_EQ(hosts_file(of(network_mode::none), {}, ""), loopback + "127.0.1.1\tinside box\n");
  container_config same = of(network_mode::bridge);
  same.network.hostname = "box";
  EXPECT_EQ(hosts_file(same, {"10.1.2.3", ""}, ""), loopback + "10.1.2.3\tbox\n");
}

TEST(hosts_file, with_the_hosts_network_its_entries_are_there) {
  EXPECT_EQ(hosts_file(of(network_mode::host), {}, "192.0.2.1 db\n10.0.0.1 inside # box\n"),
            "192.0.2.1 db\n10.0.0.1 inside # box\n127.0.1.1\tbox\n");
  EXPECT_EQ(hosts_file(of(network_mode::host), {}, "192.0.2.1 db"), "192.0.2.1 db\n127.0.1.1\tinside box\n");
}

TEST(hosts_file, has_the_users_entries_before_the_hosts_names) {
  container_config c = of(network_mode::bridge);
  c.network.hosts = {"db:10.9.9.9", "v6:2001:db8::1", "up:host-gateway", "host.docker.internal:192.0.2.1"};
  EXPECT_EQ(hosts_file(c, {"10.1.2.3", "10.1.0.1"}, ""),
            loopback + "10.9.9.9\tdb\n2001:db8::1\tv6\n10.1.0.1\tup\n192.0.2.1\thost.docker.internal\n" +
                "10.1.0.1\thost.containers.internal\n10.1.2.3\tinside box\n");
}

TEST(resolv_conf, what_the_user_names_replaces_what_the_host_has) {
  network_options o;
  const std::string hosts = "search example.org\nnameserver 192.0.2.53\noptions ndots:2\n";
  o.dns = {"192.0.2.1", "2001:db8::1"};
  EXPECT_EQ(resolv_conf(o, hosts),
            "nameserver 192.0.2.1\nnameserver 2001:db8::1\nsearch example.org\noptions ndots:2\n");
  o.dns_search = {"a.test", "b.test"};
  o.dns_options = {"ndots:1", "rotate"};
  EXPECT_EQ(resolv_conf(o, hosts),
            "search a.test b.test\nnameserver 192.0.2.1\nnameserver 2001:db8::1\noptions ndots:1 rotate\n");
  o.dns_search = {"."};
  o.mode = network_mode::host;
  EXPECT_EQ(resolv_conf(o, hosts), "nameserver 192.0.2.1\nnameserver 2001:db8::1\noptions ndots:1 rotate\n");
}

// Issue 14, names.
TEST(resolv_conf, with_a_resolver_names_only_that) {
  network_options o;
  const std::string hosts = "search example.org\nnameserver 192.0.2.53\noptions ndots:5 edns0\n";
  EXPECT_EQ(resolv_conf(o, hosts, "10.1.0.1"),
            "nameserver 10.1.0.1\nsearch example.org\noptions ndots:5 edns0\noptions ndots:0\n");
  o.dns = {"192.0.2.1"};
  o.dns_options = {"ndots:2"};
  EXPECT_EQ(resolv_conf(o, hosts, "10.1.0.1"), "nameserver 10.1.0.1\nsearch example.org\noptions ndots:2\n");
}

TEST(resolv_conf, leaves_out_what_cannot_be_reached) {
  const std::string hosts =
      "search example.org\nnameserver\t127.0.0.1\nnameserver 192.0.2.53\n  nameserver 127.0.0.2\nnameserver  "
      "::1\nnameserver 2001:db8::53\noptions ndots:2";
  EXPECT_EQ(resolv_conf(of(network_mode::bridge).network, hosts),
            "search example.org\nnameserver 192.0.2.53\noptions ndots:2\n");
  EXPECT_EQ(resolv_conf(of(network_mode::none).network, hosts),
            "search example.org\nnameserver 192.0.2.53\nnameserver 2001:db8::53\noptions ndots:2\n");
  EXPECT_EQ(resolv_conf(of(network_mode::host).network, hosts), hosts);
}

TEST(resolv_conf, a_bridged_container_left_without_servers_asks_public_ones) {
  for (const char* hosts : {"nameserver 127.0.0.1\n", "nameserver\t::1\n", "", "nameserver fe80::1%eth0\n"}) {
    EXPECT_EQ(resolv_conf(of(network_mode::bridge).network, hosts), "nameserver 8.8.8.8\nnameserver 8.8.4.4\n")
        << hosts;
    EXPECT_EQ(resolv_conf(of(network_mode::host).network, hosts), hosts);
  }
  EXPECT_EQ(resolv_conf(of(network_mode::none).network, "nameserver 127.0.0.1\n"), "");
}

}  // namespace
}  // namespace lxr::rootfs
