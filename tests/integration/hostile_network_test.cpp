// SPDX-License-Identifier: Apache-2.0
// Containers on one network, one of which may send any frame it likes (which takes CAP_NET_RAW: none has it by
// default).
// Issue 11, 1.4; security cases 56 and 61. Each attack is also shown to work once its protection is switched off.
#include "io/netlink/route.hpp"
#include "tests/integration/frames.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

struct neighbour {
  std::string name, address, link;
  mac hardware{};
  pid_t pid = 0;
};

class hostile_network : public installation {
 protected:
  void SetUp() override { probe_ = probe_image(); }

  neighbour start(const std::string& name) {
    must({"run", "-d", "--name", name, probe_, "/probe", "wait"});
    const json::object all = inspect(name), network = *json::find_object(all, "NetworkSettings");
    gateway_ = json::get_string(network, "Gateway");
    return {name, json::get_string(network, "IPAddress"), "lv" + json::get_string(all, "Id").substr(0, 12),
            parse_mac(json::get_string(network, "MacAddress")),
            static_cast<pid_t>(json::get_int(*json::find_object(all, "State"), "Pid"))};
  }

  bool reaches(const neighbour& from, const std::string& address) {
    return lxr({"exec", from.name, "/probe", "ping", address, "2000"}).code == 0;
  }
  static bool is_reached(const neighbour& n) {
    return run_program({"/bin/ping", "-q", "-c", "1", "-W", "2", n.address}).code == 0;
  }

  // What `command` prints in the network namespace of a container.
  static std::string inside(const neighbour& n, const std::string& command) {
    return run_program({"/usr/bin/nsenter", "-t", std::to_string(n.pid), "-n", "/bin/sh", "-c", command}).out;
  }
  static std::string addresses_and_routes(const neighbour& n) {
    return inside(n, "ip -o address; ip route; ip -6 route; ip neigh show nud permanent");
  }
  // Of the host's ends of these containers' links.
  static std::string addresses_and_routes_of_host(const std::vector<neighbour>& of) {
    std::string out = run_program({"/bin/sh", "-c", "ip -6 route"}).out;
    for (const neighbour& n : of) {
      out += run_program({"/bin/sh", "-c",
                          "ip -o address show dev " + n.link + "; ip route show dev " + n.link +
                              "; ip neigh show dev " + n.link + " nud permanent"})
                 .out;
    }
    return out;
  }
  static void on_host(const std::string& command) {
    const outcome o = run_program({"/bin/sh", "-ec", command});
    EXPECT_EQ(o.code, 0) << o.err;
  }
  // Takes the separation away: the host's ends become ports of one bridge, as with other engines.
  void join(const std::vector<neighbour>& all) {
    on_host("ip link add " + shared_ + " type bridge mcast_snooping 0; ip link set " + shared_ + " up");
    for (const neighbour& n : all) on_host("ip link set " + n.link + " master " + shared_);
  }
  void TearDown() override {
    run_program({"/bin/sh", "-c", "ip link del " + shared_});
    installation::TearDown();
  }

  static mac mac_of_host(const neighbour& n) {
    return parse_mac(
        run_program({"/bin/sh", "-c", "ip -o link show " + n.link + " | sed 's/.*link.ether \\([0-9a-f:]*\\).*/\\1/'"})
            .out);
  }

  std::string probe_, gateway_, shared_ = "shared" + std::to_string(::getpid() % 100000);
};

std::function<bool(const std::string&)> comes_from(const mac& m) {
  return [m](const std::string& frame) { return source_of(frame) == m; };
}
std::function<bool(const std::string&)> goes_to(const mac& m) {
  return [m](const std::string& frame) { return target_of(frame) == m; };
}

bool comes_from_address(const std::string& frame, const std::string& address) {
  constexpr std::size_t source = 26;  // in an IPv4 packet behind the header of Ethernet
  if (frame.size() < source + 4) return false;
  io::netlink::ipv4 value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(frame[source + i]);
  return io::netlink::to_string(value) == address;
}

TEST_F(hostile_network, containers_and_host_reach_each_other_by_unprivileged_sockets) {
  const neighbour a = start("a"), b = start("b");
  EXPECT_TRUE(reaches(a, b.address));
  EXPECT_TRUE(reaches(b, a.address));
  EXPECT_TRUE(reaches(a, gateway_));
  EXPECT_TRUE(is_reached(a));
  EXPECT_EQ(lxr({"exec", "-u", "1000", "a", "/probe", "ping", b.address, "2000"}).code, 0);
}

TEST_F(hostile_network, a_router_advertisement_changes_nobodys_routes) {
  const neighbour attacker = start("attacker"), victim = start("victim");
  inside(victim, "ip -6 address add fe80::1/64 dev eth0 nodad");  // IPv6 is there for who wants it
  const std::string before = addresses_and_routes(victim),
                    host_before = addresses_and_routes_of_host({attacker, victim});
  const std::string routes_before = inside(victim, "ip -6 route");
  const frame_socket send(attacker.pid, "eth0"), listen(victim.pid, "eth0");
  const mac forged{2, 0, 0, 0, 0xba, 0xd0};
  for (const mac& from : {attacker.hardware, victim.hardware, forged}) send.send(router_advertisement(from));
  EXPECT_TRUE(reaches(attacker, gateway_));  // what was sent before has been dealt with
  EXPECT_TRUE(reaches(victim, gateway_));
  EXPECT_EQ(addresses_and_routes(victim), before);
  EXPECT_EQ(addresses_and_routes_of_host({attacker, victim}), host_before);
  const auto is_one = [](const std::string& frame) { return target_of(frame) == all_nodes; };
  EXPECT_EQ(listen.count(is_one), 0);

  // On one bridge it arrives, and is still refused; without that, the victim's routes are the attacker's.
  join({attacker, victim});
  send.send(router_advertisement(attacker.hardware));
  EXPECT_TRUE(eventually([&] { return listen.count(is_one) > 0; }));
  EXPECT_EQ(inside(victim, "ip -6 route"), routes_before);
  inside(victim, "echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_ra");
  send.send(router_advertisement(attacker.hardware));
  EXPECT_TRUE(
      eventually([&] { return inside(victim, "ip -6 route").find("default via fe80::bad") != std::string::npos; }));
}

TEST_F(hostile_network, a_router_advertisement_does_not_become_the_hosts_route) {
  const neighbour attacker = start("attacker");
  const std::string settings = "/proc/sys/net/ipv6/conf/" + attacker.link;
  const frame_socket send(attacker.pid, "eth0");
  const auto route_of_host = [&] {
    return run_program({"/bin/sh", "-c", "ip -6 route show dev " + attacker.link}).out;
  };
  send.send(router_advertisement(attacker.hardware));
  EXPECT_TRUE(reaches(attacker, gateway_));
  EXPECT_EQ(route_of_host(), "");

  on_host("echo 0 > " + settings + "/disable_ipv6; echo 2 > " + settings +
          "/accept_ra; ip -6 address add fe80::5/64 dev " + attacker.link + " nodad");
  EXPECT_TRUE(eventually([&] {
    send.send(router_advertisement(attacker.hardware));
    return route_of_host().find("default via fe80::bad") != std::string::npos;
  }));
}

TEST_F(hostile_network, a_forged_source_address_takes_no_packets_away_and_gets_nowhere) {
  const neighbour attacker = start("attacker"), victim = start("victim"), third = start("third");
  const frame_socket raw(attacker.pid, "eth0"), listen(third.pid, "eth0");
  const mac host = mac_of_host(attacker);
  const auto forge = [&] {
    for (const mac& to : {host, broadcast}) raw.send(ipv4_packet(to, victim.hardware, victim.address, gateway_));
    raw.send(ipv4_packet(broadcast, host, gateway_, victim.address));
    raw.send(ipv4_packet(host, attacker.hardware, victim.address, third.address));
  };
  const auto is_forged = [&](const std::string& frame) { return comes_from_address(frame, victim.address); };
  forge();
  EXPECT_TRUE(is_reached(victim));
  EXPECT_TRUE(reaches(victim, gateway_));
  EXPECT_EQ(raw.count(goes_to(victim.hardware)), 0);
  EXPECT_EQ(listen.count(is_forged), 0);

  const std::string filters = "/proc/sys/net/ipv4/conf/" + attacker.link + "/rp_filter";
  on_host("echo 0 > " + filters);
  forge();
  const bool all = run_program({"/bin/cat", "/proc/sys/net/ipv4/conf/all/rp_filter"}).out != "0\n";
  if (!all) {
    EXPECT_TRUE(eventually([&] { return listen.count(is_forged) > 0; }));
  }
}

TEST_F(hostile_network, what_a_victim_says_by_ipv6_arrives_at_no_neighbour) {
  const neighbour attacker = start("attacker"), victim = start("victim");
  inside(victim, "ip -6 address add fe80::1/64 dev eth0 nodad");
  inside(attacker, "ip -6 address add fe80::2/64 dev eth0 nodad");
  const frame_socket listen(attacker.pid, "eth0");
  const std::string say = "ping -6 -q -c 1 -W 1 fe80::2%eth0; ping -6 -q -c 1 -W 1 ff02::1%eth0";
  inside(victim, say);
  EXPECT_TRUE(reaches(victim, gateway_));
  EXPECT_EQ(listen.count(comes_from(victim.hardware)), 0);

  join({attacker, victim});
  inside(victim, say);
  EXPECT_GT(listen.count(comes_from(victim.hardware)), 0);
}

TEST_F(hostile_network, forged_answers_of_arp_convince_nobody) {
  const neighbour attacker = start("attacker"), victim = start("victim"), third = start("third");
  const std::string before = addresses_and_routes(victim),
                    host_before = addresses_and_routes_of_host({attacker, victim});
  const frame_socket raw(attacker.pid, "eth0"), listen(victim.pid, "eth0");
  const mac host = mac_of_host(attacker);
  raw.send(arp_reply(victim.hardware, attacker.hardware, gateway_, attacker.hardware, victim.address));
  raw.send(arp_reply(victim.hardware, attacker.hardware, third.address, attacker.hardware, victim.address));
  raw.send(arp_reply(host, attacker.hardware, victim.address, attacker.hardware, gateway_));
  EXPECT_TRUE(reaches(attacker, gateway_));
  EXPECT_TRUE(reaches(victim, third.address));
  EXPECT_TRUE(reaches(third, victim.address));
  EXPECT_TRUE(is_reached(victim));
  EXPECT_EQ(listen.count(comes_from(attacker.hardware)), 0);
  EXPECT_EQ(raw.count([&](const std::string& frame) {
    return source_of(frame) != host || target_of(frame) != attacker.hardware;
  }),
            0);
  EXPECT_EQ(addresses_and_routes(victim), before);
  EXPECT_EQ(addresses_and_routes_of_host({attacker, victim}), host_before);
}

// Issue 11, 3.6: started means ready. A link gets its carrier by a job of the kernel's own, later.
class first_packet : public hostile_network {
 protected:
  // Forty containers at once whose first instruction sends one packet; returns how many got no answer.
  int unanswered() {
    std::vector<std::unique_ptr<process>> all;
    for (int i = 0; i < 40; ++i)
      all.push_back(std::make_unique<process>(command({"run", "--rm", probe_, "/probe", "ping", gateway_, "900"}),
                                              environment()));
    int lost = 0;
    for (const auto& p : all) lost += p->wait() == 0 ? 0 : 1;
    return lost;
  }
};

TEST_F(first_packet, of_many_containers_at_once_is_answered) {
  start("first");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(unanswered(), 0);
}

TEST_F(first_packet, is_answered_on_a_busy_machine) {
  start("first");
  const process one({"/bin/sh", "-c", "while :; do :; done"}, {}), two({"/bin/sh", "-c", "while :; do :; done"}, {});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(unanswered(), 0);
}

TEST_F(first_packet, of_the_only_container_is_answered) {
  start("first");
  for (int i = 0; i < 10; ++i) {
    remove_all();
    EXPECT_EQ(lxr({"run", "--rm", probe_, "/probe", "ping", gateway_, "900"}).code, 0);
  }
}

// Issue 11, 1.19: a ping of one packet, 5 s without an answer.
TEST_F(first_packet, reaches_a_container_that_was_started_again) {
  start("box");
  const process one({"/bin/sh", "-c", "while :; do :; done"}, {}), two({"/bin/sh", "-c", "while :; do :; done"}, {});
  for (int i = 0; i < 20; ++i) {
    must({"stop", "-t", "0", "box"});
    must({"start", "box"});
    EXPECT_EQ(run_program({"/bin/ping", "-q", "-c", "1", "-W", "2", address_of("box")}).code, 0);
  }
}

}  // namespace
}  // namespace lxr::test
