// SPDX-License-Identifier: Apache-2.0
// Published ports: issue 14. A program in the container tells each peer the address that it sees, its own name and how
// many bytes came.
#include "tests/integration/simulated_host.hpp"

namespace lxr::test {
namespace {

using published_ports = simulated_host;

TEST_F(published_ports, answer_on_every_address_with_the_source_kept) {
  EXPECT_EQ(on_host("serve web -p 8080:80; serve other; web=$(address web); other=$(address other);"
                    "ask tcp 10.253.7.1 8080 5; far_ask tcp 10.253.7.1 8080 5;"
                    "in_ask other tcp 10.253.7.1 8080 5 | sed s/$other/OTHER/; in_ask web tcp 10.253.7.1 8080 5;"
                    "in_ask other tcp $web 80 5 | sed s/$other/OTHER/; far_ask tcp 10.253.7.1 80"),
            "10.253.7.1 web,5 bytes\n10.253.7.2 web,5 bytes\nOTHER web,5 bytes\n10.253.7.1 web,5 bytes\n"
            "OTHER web,5 bytes\nrefused\n");
}

TEST_F(published_ports, answer_on_loopback_in_both_families) {
  EXPECT_EQ(
      on_host("serve web -p 8080:80 -p 5353:80/udp; gateway=$(lxr inspect web | jq -r .[0].NetworkSettings.Gateway);"
              "for a in 127.0.0.1 ::1; do ask tcp $a 8080 300000; ask udp $a 5353; done | sed s/$gateway/GATEWAY/"),
      "GATEWAY web,300000 bytes\nGATEWAY web\nGATEWAY web,300000 bytes\nGATEWAY web\n");
}

TEST_F(published_ports, udp_answers_everywhere) {
  EXPECT_EQ(on_host("serve web -p 5353:80/udp; ask udp 10.253.7.1 5353; far_ask udp 10.253.7.1 5353;"
                    "in_ask web udp 10.253.7.1 5353 | cut -d' ' -f2"),
            "10.253.7.1 web\n10.253.7.2 web\nweb\n");
}

// Security case 59, and what both docker and podman got wrong: a neighbour that sends to 127.0.0.1, and one that has a
// route to the container's network.
TEST_F(published_ports, of_loopback_answer_no_neighbour) {
  const std::string attack =
      "far_ask tcp 10.253.7.1 8080; far_ask tcp $web 80;"
      "far ip address del 127.0.0.1/8 dev lo; far sysctl -qw net.ipv4.conf.all.route_localnet=1;"
      "far ip route replace 127.0.0.0/8 via 10.253.7.1 dev far0 src 10.253.7.2; far_ask tcp 127.0.0.1 8080;"
      "far ip route del 127.0.0.0/8; far ip address add 127.0.0.1/8 dev lo;";
  EXPECT_EQ(on_host("serve web -p 127.0.0.1:8080:80; web=$(address web); ask tcp 127.0.0.1 8080 | cut -d' ' -f2-;" +
                    attack + "cat /proc/sys/net/ipv4/conf/*/route_localnet | sort -u"),
            "web,0 bytes\nrefused\nno route\nnothing\n0\n");
  // After a flush the neighbour still gets nowhere by the published port. The container itself is open then.
  EXPECT_EQ(on_host("serve web -p 127.0.0.1:8080:80; web=$(address web); nft flush ruleset;" + attack +
                    "lxr network reload; far_ask tcp $web 80"),
            "refused\n10.253.7.2 web,0 bytes\nnothing\nno route\n");
}

TEST_F(published_ports, of_one_address_answer_there_alone) {
  EXPECT_EQ(
      on_host("serve web -p 10.253.7.1:8080:80; ask tcp 10.253.7.1 8080; far_ask tcp 10.253.7.1 8080;"
              "ask tcp 127.0.0.1 8080; serve b -p 192.0.2.1:1:80"),
      "10.253.7.1 web,0 bytes\n10.253.7.2 web,0 bytes\nrefused\n"
      "lxr: cannot publish port 1/tcp: this host has no address 192.0.2.1; see ip address, or leave the address out\n");
}

TEST_F(published_ports, come_back_after_a_flush) {
  EXPECT_EQ(on_host("serve web -p 8080:80; nft flush ruleset; serve late -p 8081:80; far_ask tcp 10.253.7.1 8081;"
                    "far_ask tcp 10.253.7.1 8080; nft flush ruleset; lxr network reload; far_ask tcp 10.253.7.1 8080;"
                    "far_ask tcp 10.253.7.1 8081; lxr network reload; nft list ruleset | grep -c 'masquerade$'"),
            "10.253.7.2 late,0 bytes\n10.253.7.2 web,0 bytes\n10.253.7.2 web,0 bytes\n10.253.7.2 late,0 bytes\n2\n");
}

TEST_F(published_ports, pass_a_policy_of_drop) {
  const std::string policy =
      "nft add table ip filter; nft 'add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; "
      "}';";
  EXPECT_EQ(
      on_host(policy + "serve web -p 8080:80; far_ask tcp 10.253.7.1 8080; in_ask web tcp 10.253.7.2 1;"
                       "lxr rm -f web > /dev/null; until ! nft list ruleset | grep 'lv\\*' > /dev/null; do :; done"),
      "10.253.7.2 web,0 bytes\nrefused\n");
  EXPECT_EQ(on_host("serve web -p 8080:80;" + policy +
                    "far_ask tcp 10.253.7.1 8080; lxr network reload;"
                    "far_ask tcp 10.253.7.1 8080"),
            "nothing\n10.253.7.2 web,0 bytes\n");
}

TEST_F(published_ports, that_are_taken_are_refused_before_anything_starts) {
  EXPECT_EQ(
      on_host(
          "serve web -p 8080:80; serve b -p 127.0.0.1:8080:80; serve b -p 8080:80/udp; lxr rm -f b > /dev/null;"
          "$probe_program serve 8081 & for i in {1..200}; do ! $probe_program ask tcp 127.0.0.1 8081 || break; done "
          "> /dev/null; serve b -p 8081:80; kill $!; lxr ps -a | wc -l"),
      "lxr: cannot publish port 127.0.0.1:8080/tcp: port is already allocated: container \"web\" has it; choose "
      "another port of the host, or stop that\n"
      "lxr: cannot publish port 8081/tcp: port is already allocated: another process uses it (address already in "
      "use); choose another port of the host, or see ss -lnp\n2\n");
}

TEST_F(published_ports, without_an_address_follow_the_setting) {
  EXPECT_EQ(
      on_host(
          "export LXR_PUBLISH_ADDRESS=127.0.0.1; serve a -p 8080:80 -p 0.0.0.0:8081:80 -P --expose 80/udp; lxr port a "
          "| sed 's/:[0-9]*$//' | sort; ask tcp 10.253.7.1 8080; far_ask tcp 10.253.7.1 8081;"
          "LXR_PUBLISH_ADDRESS=x serve b -p 8082:80; lxr run -q --rm --network none -p 80:80 $image /probe socket 2 "
          "native; lxr run -q --rm --network container:a -p 80:80 $image /probe wait"),
      "80/tcp -> 0.0.0.0\n80/tcp -> 127.0.0.1\n80/udp -> 127.0.0.1\nrefused\n10.253.7.2 a,0 bytes\n"
      "lxr: cannot use LXR_PUBLISH_ADDRESS \"x\": it is no IP address; for example LXR_PUBLISH_ADDRESS=127.0.0.1\n"
      "warning: published ports are discarded with --network none\nESOCKTNOSUPPORT\n"
      "lxr: cannot use --publish: the container has a network that is not its own; publish the ports of the container "
      "that it belongs to\n");
}

TEST_F(published_ports, can_be_ranges_or_chosen_by_lxr) {
  EXPECT_EQ(
      on_host("serve a -p 7000-7009:80-89 -p 7100-7102:80; serve b -p 7100-7102:80; lxr port a 80; lxr port b 80/tcp;"
              "lxr ps | grep -o '0.0.0.0:7000[^,]*'; ask tcp 10.253.7.1 7000; ask tcp 10.253.7.1 7101;"
              "serve c -p 80 --expose 90/udp -P; lxr port c | sed 's/:[0-9]*$/:N/' | sort;"
              "ask tcp 10.253.7.1 $(lxr port c 80 | sed -n '1s/.*://p');"
              "lxr port c 81; lxr inspect c | jq -c '.[0].NetworkSettings.Ports | map_values(length)'"),
      "0.0.0.0:7000\n[::]:7000\n0.0.0.0:7100\n[::]:7100\n0.0.0.0:7101\n[::]:7101\n0.0.0.0:7000-7009->80-89/tcp\n"
      "10.253.7.1 a,0 bytes\n10.253.7.1 b,0 bytes\n"
      "80/tcp -> 0.0.0.0:N\n80/tcp -> [::]:N\n90/udp -> 0.0.0.0:N\n90/udp -> [::]:N\n10.253.7.1 c,0 bytes\n"
      "lxr: cannot list port \"81\": no public port '81' published for c\n{\"90/udp\":2,\"80/tcp\":2}\n");
}

TEST_F(published_ports, are_free_again_at_once) {
  EXPECT_EQ(
      on_host("for i in 1 2 3 4 5 6 7 8 9 10; do serve web -p 8080:80 -p 8080:80/udp; lxr rm -f web; done | sort | "
              "uniq -c | tr -s ' '; for i in 1 2 3 4 5; do lxr run --rm -p 8080:80 $image /probe socket 2 native; done"
              " | sort | uniq -c | tr -s ' '"),
      " 10 web\n 5 ESOCKTNOSUPPORT\n");
}

// Security case 60.
TEST_F(published_ports, never_lead_to_another_container_after_a_kill) {
  EXPECT_EQ(on_host("serve web -p 8080:80; lxr inspect web | jq .[0].State.MonitorPid,.[0].State.Pid | xargs kill -9;"
                    "far_ask tcp 10.253.7.1 8080 > /dev/null; serve new -p 8080:80; far_ask tcp 10.253.7.1 8080;"
                    "serve third; lxr rm -f web > /dev/null; far_ask tcp 10.253.7.1 8080; lxr rm -f new > /dev/null;"
                    "nft list ruleset | grep -c 8080"),
            "10.253.7.2 new,0 bytes\n10.253.7.2 new,0 bytes\n0\n");
}

TEST_F(published_ports, of_a_start_that_was_killed_are_not_in_its_own_way) {
  EXPECT_EQ(on_host("lxr create -q --name web -p 8080:80 -h web $image /probe serve 80 > /dev/null;"
                    "{ for ms in 000 001 002 003 004 005 006 007 008 010 012; do timeout -s KILL 0.$ms $program start "
                    "web; done; } "
                    "> /dev/null 2>&1; lxr rm -f web > /dev/null; serve web -p 8080:80; far_ask tcp 10.253.7.1 8080;"
                    "lxr inspect web | jq .[0].State.MonitorPid | xargs kill -9; lxr kill web > /dev/null;"
                    "lxr start web > /dev/null; heard web; far_ask tcp 10.253.7.1 8080"),
            "10.253.7.2 web,0 bytes\n10.253.7.2 web,0 bytes\n");
}

// A sender that keeps its port and goes on while the container is replaced.
TEST_F(published_ports, a_udp_sender_with_one_port_reaches_the_next_container) {
  EXPECT_EQ(on_host("far_ask udp 10.253.7.1 5353 1 4444; serve a -p 5353:80/udp; far_ask udp 10.253.7.1 5353 1 4444;"
                    "lxr rm -f a > /dev/null; serve keep; serve b -p 5353:80/udp; far_ask udp 10.253.7.1 5353 1 4444"),
            "refused\n10.253.7.2 a\n10.253.7.2 b\n");
}

TEST_F(published_ports, a_connection_that_the_container_refuses_is_reset) {
  EXPECT_EQ(on_host("serve web -p 8081:81; ask tcp 10.253.7.1 8081; ask tcp 127.0.0.1 8081 5"), "refused\nreset\n");
}

TEST_F(published_ports, of_udp_take_new_senders_and_leave_flows_of_others_alone) {
  EXPECT_EQ(
      on_host(
          "serve web -p 5353:80/udp; for i in $(seq 1030); do ask udp 127.0.0.1 5353; done | cut -d' ' -f2 | sort | "
          "uniq -c | tr -s ' '; serve b; in_ask b udp 10.253.7.2 5354; serve c -p 5354:80/udp;"
          "grep -c 'dst=10.253.7.2 .*dport=5354' /proc/net/nf_conntrack"),
      " 1030 web\nrefused\n1\n");
}

TEST_F(published_ports, can_be_thousands) {
  EXPECT_EQ(on_host("serve web -p 20000-22999:80-3079; far_ask tcp 10.253.7.1 20000; lxr port web | wc -l"),
            "10.253.7.2 web,0 bytes\n6000\n");
}

}  // namespace
}  // namespace lxr::test
