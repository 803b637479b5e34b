// SPDX-License-Identifier: Apache-2.0
// Networks of users: issue 14.
#include "tests/integration/simulated_host.hpp"

namespace lxr::test {
namespace {

using networks = simulated_host;

TEST_F(networks, keep_containers_apart_and_one_in_two_reaches_both) {
  EXPECT_EQ(
      on_host(
          "network front; network back; serve a --network front; serve c --network back;"
          "serve b --network front --network back; for x in 'a b front' 'b a front' 'b c back' 'c b back' 'a c back'"
          " 'c a front'; do set -- $x; in_ask $1 tcp $(address $2 $3) 80 | sed 's/^[0-9.]* //'; done;"
          "in_ask b tcp 10.253.7.2 1; lxr network rm back; lxr rm -f a b c > /dev/null; lxr network prune -f"),
      "b,0 bytes\na,0 bytes\nc,0 bytes\nb,0 bytes\nno route\nno route\nrefused\n"
      "lxr: cannot remove network \"back\": containers have it: b, c; remove them first\n"
      "Deleted Networks:\nback\nfront\n");
}

TEST_F(networks, that_are_internal_have_no_way_out_or_in) {
  EXPECT_EQ(
      on_host(
          "network --internal deep; serve a --network deep; serve b --network deep; serve out;"
          "in_ask a tcp $(address b) 80 | cut -d' ' -f2-; in_ask a tcp 10.253.7.2 1; in_ask a tcp $(address out) 80;"
          "in_ask out tcp $(address a) 80; far_ask tcp $(address a) 80;"
          "lxr exec a /probe ping $(lxr inspect a | jq -r .[0].NetworkSettings.Gateway) 500 && echo host;"
          "serve c --network deep -p 8080:80"),
      "b,0 bytes\nno route\nno route\nno route\nno route\nhost\n"
      "lxr: cannot publish ports of \"c\": all of its networks are internal; add a network that leads out, or do "
      "not publish\n");
}

TEST_F(networks, give_the_addresses_that_are_asked_for) {
  EXPECT_EQ(
      on_host("network --subnet 10.77.0.0/24 --gateway 10.77.0.254 --ip-range 10.77.0.64/28 n; serve a "
              "--network n; serve b --network n --ip 10.77.0.7 --mac-address 02:00:00:00:00:07; address a; address b;"
              "lxr inspect b | jq -r '.[0].NetworkSettings | .Gateway,.MacAddress';"
              "for ip in 10.77.0.7 10.77.0.254 10.78.0.1 10.77.0.0 10.77.0.255; do serve c --network n:ip=$ip; done;"
              "lxr ps -q | wc -l"),
      "10.77.0.64\n10.77.0.7\n10.77.0.254\n02:00:00:00:00:07\n"
      "lxr: cannot use address 10.77.0.7: another container has it; choose another one, or remove that\n"
      "lxr: cannot use address 10.77.0.254: it is the gateway of network n\n"
      "lxr: cannot use address 10.78.0.1: it is no address of network n, which is 10.77.0.0/24\n"
      "lxr: cannot use address 10.77.0.0: it is no address of network n, which is 10.77.0.0/24\n"
      "lxr: cannot use address 10.77.0.255: it is no address of network n, which is 10.77.0.0/24\n2\n");
}

TEST_F(networks, that_are_full_say_so_and_take_back_what_is_removed) {
  EXPECT_EQ(
      on_host("network --subnet 10.77.0.0/29 n; for i in 1 2 3 4 5 6; do serve c$i --network n; done; lxr rm -f c2 > "
              "/dev/null; serve last --network n; address last"),
      "lxr: cannot give the container an address in network n: all addresses of 10.77.0.0/29 are taken; remove "
      "containers that are not needed, or make a larger network\n10.77.0.3\n");
}

TEST_F(networks, that_cannot_be_are_refused_with_the_reason) {
  EXPECT_EQ(
      on_host("network --subnet 10.77.0.0/24 n; network n; network --subnet "
              "10.77.0.128/25 x; network --subnet 10.253.7.0/24 x; network --subnet 10.1.1.1/24 x;"
              "network host; network ../x; network --gateway 10.9.0.1 --subnet "
              "10.77.1.0/24 x; lxr network rm nope; lxr network rm bridge; lxr run --network nope $image /probe wait;"
              "lxr network ls -q"),
      "lxr: cannot create network \"n\": network with name n already exists; choose another name, or remove that "
      "one\n"
      "lxr: cannot create network \"x\": its subnet 10.77.0.128/25 overlaps that of network n, 10.77.0.0/24; choose "
      "another --subnet\n"
      "lxr: cannot create network \"x\": its subnet 10.253.7.0/24 overlaps 10.253.7.0/24, which this host uses; choose "
      "another --subnet\n"
      "lxr: cannot create network \"x\": --subnet 10.1.1.1/24 has bits set behind its prefix; write 10.1.1.0/24\n"
      "lxr: cannot create network \"host\": that word stands for a network already; choose another name\n"
      "lxr: cannot create network \"../x\": a name is letters, digits, _, . and -, and begins with a letter or digit\n"
      "lxr: cannot create network \"x\": --gateway \"10.9.0.1\" is no address of a member of 10.77.1.0/24\n"
      "lxr: cannot remove network \"nope\": network nope not found\n"
      "lxr: cannot remove network \"bridge\": it is the default network: it comes with the first container that needs "
      "it and goes with the last\n"
      "lxr: cannot use network \"nope\": network nope not found; see lxr network ls, or make it: lxr network create "
      "nope\nbridge\nn\n");
}

TEST_F(networks, of_another_container_or_a_path_are_joined) {
  EXPECT_EQ(
      on_host("serve a --add-host db:10.9.9.9; lxr run --rm --network container:a $image /probe ask tcp 127.0.0.1 80;"
              "lxr run -d --name j --network container:a $image /probe wait > /dev/null;"
              "cmp <(cat /proc/$(lxr inspect j | jq .[0].State.Pid)/root/etc/hosts) <(cat /proc/$(lxr inspect a | jq "
              ".[0].State.Pid)/root/etc/hosts) && echo same; lxr run --rm --network ns:/proc/$far/ns/net $image "
              "/probe ask tcp 10.253.7.1 1; lxr run --rm --network container:nobody $image /probe wait"),
      "127.0.0.1 a\n0 bytes\nsame\nrefused\nlxr: cannot find container \"nobody\": no container with that name or id "
      "exists\n");
}

TEST_F(networks, have_the_mtu_that_they_are_given) {
  EXPECT_EQ(on_host("network -o mtu=1400 n; serve a --network n; nsenter -t $(lxr inspect a | jq .[0].State.Pid)"
                    " -n ip -o link show eth0 | grep -o 'mtu [0-9]*'; network -o mtu=9 x; network -o "
                    "a=b x"),
            "mtu 1400\nlxr: cannot use --opt \"mtu=9\": an MTU is a number from 68 to 65535\n"
            "lxr: cannot use --opt \"a=b\": lxr has no such option of a network; it has mtu\n");
}

TEST_F(networks, are_connected_and_disconnected_while_a_container_runs_and_before) {
  EXPECT_EQ(
      on_host(
          "network n; network --internal deep; serve a; serve b --network n; in_ask a tcp $(address b n) 80 2>&1;"
          "lxr network connect n a; in_ask a tcp $(address b n) 80 | sed 's/^[0-9.]* //'; in_ask a tcp 10.253.7.2 1;"
          "in_ask b tcp $(address a n) 80 | sed 's/^[0-9.]* //'; lxr network connect n a;"
          "lxr stop -t 0 a > /dev/null; lxr start a > /dev/null; heard a; in_ask a tcp $(address b n) 80 | "
          "sed 's/^[0-9.]* //'; lxr network disconnect n a; in_ask a tcp $(address b n) 80;"
          "lxr network disconnect bridge a; lxr network disconnect n a; in_ask a tcp 10.253.7.2 1;"
          "lxr network connect n a; in_ask a tcp 10.253.7.2 1; lxr run -q -d --name h --network container:a $image "
          "/probe wait > /dev/null;"
          "lxr network connect n h; lxr network connect n nobody; lxr network connect nope a;"
          "serve p -p 80; lxr network disconnect bridge p; lxr rm -f $(lxr ps -aq) > /dev/null;"
          "lxr network prune -f | wc -l"),
      "no route\nb,0 bytes\nrefused\na,0 bytes\n"
      "lxr: cannot connect container \"a\": it is in network n already\nb,0 bytes\nno route\n"
      "lxr: cannot disconnect container \"a\": it is not in network n\nno route\nrefused\n"
      "lxr: cannot connect container \"h\": it has another container's network; only one with a network of its own "
      "can have more\n"
      "lxr: cannot find container \"nobody\": no container with that name or id exists\n"
      "lxr: cannot use network \"nope\": network nope not found; see lxr network ls, or make it: lxr network create "
      "nope\n"
      "lxr: cannot disconnect container \"p\": its ports are published in network bridge; stop it first\n3\n");
}

TEST_F(networks, never_take_the_link_of_another_network) {
  EXPECT_EQ(
      on_host("network --subnet 10.5.0.0/24 n1; network --subnet 74.5.0.0/24 n2; serve a --network n1:ip=10.5.0.5;"
              "serve b --network n2:ip=74.5.0.5; ask tcp 10.5.0.5 80 | cut -d' ' -f2-; ask tcp 74.5.0.5 80 | cut -d' ' "
              "-f2-;"
              "network --subnet 10.7.0.0/24 k; ip address add 10.7.0.2/24 dev up0; serve c --network k;"
              "other() { LXR_STATE=$LXR_STATE.2 LXR_ROOT=$LXR_ROOT.2 lxr \"$@\"; }; other network create --subnet "
              "10.5.0.0/24 m > /dev/null; rm -r $LXR_STATE.2 $LXR_ROOT.2"),
      "a,0 bytes\nb,0 bytes\n"
      "lxr: cannot make network \"k\": its subnet 10.7.0.0/24 overlaps 10.7.0.0/24, which this host uses; choose "
      "another --subnet\n"
      "lxr: cannot create network \"m\": its subnet 10.5.0.0/24 overlaps 10.5.0.0/24, which this host uses; choose "
      "another --subnet\n");
}

TEST_F(networks, leave_room_for_each_other) {
  EXPECT_EQ(
      on_host("export LXR_SUBNETS=10.64.0.0/16,10.65.0.0/16; network u; serve a; serve b --network u;"
              "in_ask a tcp 10.253.7.2 1; in_ask b tcp 10.253.7.2 1; network --subnet 10.8.0.0/30 --gateway 10.8.0.2 s;"
              "serve c --network s; address c; lxr network create --subnet 224.0.0.0/24 x; network -o mtu=600 small;"
              "serve d --network small; in_ask d tcp 10.253.7.2 1"),
      "refused\nrefused\n10.8.0.1\n"
      "lxr: cannot create network \"x\": --subnet 224.0.0.0/24 holds no addresses of hosts\nrefused\n");
}

TEST_F(networks, that_were_flushed_come_back_with_the_next_one) {
  EXPECT_EQ(on_host("network n; network n2; serve a; serve b --network n; nft flush ruleset; serve c --network n2;"
                    "in_ask a tcp $(address b n) 80; in_ask a tcp 10.253.7.2 1"),
            "no route\nrefused\n");
}

TEST_F(networks, with_a_link_index_that_is_taken_say_so) {
  EXPECT_EQ(
      on_host("network --subnet 10.9.0.0/24 u; group=$(lxr network inspect u | jq -r .[0].Id | cut -c1-8);"
              "ip link add fo0 index $((1 << 30 | ((10 << 24 | 9 << 16 | 5) ^ 0x$group) & 0x3fffffff)) type veth peer "
              "name fo1; serve a --network u:ip=10.9.0.5 2>&1 | sed 's/lv[0-9a-f]*/LINK/'"),
      "lxr: cannot create link LINK: File exists\n");
}

TEST_F(networks, give_the_addresses_of_the_dead_away) {
  EXPECT_EQ(on_host("network --subnet 10.77.0.0/30 n; serve a --network n; lxr inspect a | jq .[0].State.MonitorPid,"
                    ".[0].State.Pid | xargs kill -9; for i in {1..200}; do [ $(lxr inspect a | jq .[0].State.Running) "
                    "!= false ] || break; done;"
                    "serve b --network n; address b"),
            "10.77.0.2\n");
}

}  // namespace
}  // namespace lxr::test
