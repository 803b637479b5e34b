// SPDX-License-Identifier: Apache-2.0
// Containers that may reach only what the user has named: issue 14, egress.
#include "tests/integration/simulated_host.hpp"

namespace lxr::test {
namespace {

using egress = simulated_host;

// The other host has the addresses .2 to .4 and that of a metadata service, and a server on port 80 of each; its DNS
// server knows names for them. `reaches NAME ADDRESS...` prints what a container hears there.
constexpr const char* servers = R"--(
for n in 3 4; do far ip address add 10.253.7.$n/24 dev far0; done
far ip address add 169.254.169.254/32 dev far0
ip route add 169.254.169.254 dev up0
nsenter -t $far -n "$probe_program" serve 80 > /dev/null 2>&1 &
helpers+=" $!"
upstream --address=/api.test/10.253.7.3 --address=/meta.api.test/169.254.169.254 --address=/other.test/10.253.7.4
until far_ask tcp 127.0.0.1 80 > /dev/null; do :; done
start() {
	local name=$1
	shift
	lxr run -q -d --name "$name" "$@" "$image" /probe serve 80 > /dev/null
}
reaches() {
	local c=$1 a
	shift
	for a; do in_ask "$c" tcp "$a" 80 | grep -q bytes && echo -n "yes " || echo -n "$(in_ask "$c" tcp "$a" 80) "; done
	echo
}
)--";

TEST_F(egress, lets_a_container_reach_what_is_named_and_nothing_else) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "start a --egress 10.253.7.2,api.test; start b --egress none; start c --egress 0.0.0.0/0; start d "
              "--egress 169.254.169.254; start free; all='10.253.7.2 10.253.7.3 10.253.7.4 169.254.169.254'; for x in "
              "a b c d free; do echo $x $(reaches $x $all); done;"
              "reaches a $(address free) $(lxr inspect a | jq -r .[0].NetworkSettings.Gateway) 10.253.7.1;"
              "reaches free $(address a)"),
      "a yes no route no route no route\nb no route no route no route no route\nc yes yes yes no route\n"
      "d no route no route no route yes\nfree yes yes yes yes\nno route no route no route \nyes \n");
}

TEST_F(egress, opens_what_the_resolver_answers_for_a_named_domain) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "start a --egress api.test,*.api.test; reaches a 10.253.7.3; query a api.test; reaches a 10.253.7.3 "
              "10.253.7.4; query a other.test; query a API.test +tcp; query a meta.api.test; reaches a "
              "169.254.169.254; query a x.other.test +tcp; query a -x 10.253.7.4; heard_of;"
              "start none --egress none; query none api.test; lxr stop -t 0 a > /dev/null;"
              "lxr start a > /dev/null; query a api.test; reaches a 10.253.7.3 10.253.7.4"),
      "no route \nNOERROR 10.253.7.3\nyes no route \nREFUSED\nNOERROR 10.253.7.3\nNOERROR 169.254.169.254\nno route "
      "\nREFUSED\nREFUSED\nA api.test,A meta.api.test\nREFUSED\nNOERROR 10.253.7.3\nyes no route \n");
}

TEST_F(egress, holds_in_every_network_and_after_a_flush) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "network --subnet 10.71.0.0/24 n; network --subnet 10.72.0.0/24 m; start a --network n --egress "
              "b,10.253.7.2; start b --network n; start c --network m; query a b; query a c; reaches a $(address b n) "
              "10.253.7.2; lxr network connect m a; reaches a $(address c m) 10.253.7.2 10.253.7.3;"
              "nft flush ruleset; lxr network reload; reaches a $(address c m) 10.253.7.2 10.253.7.3 $(address b n);"
              "query a b; reaches a $(address b n); lxr network disconnect n a; reaches a 10.253.7.2 10.253.7.3;"
              "lxr inspect a | jq -c .[0].HostConfig.Egress; lxr rm -f a > /dev/null; start e --network m; reaches e "
              "10.253.7.3"),
      "NOERROR 10.71.0.3\nREFUSED\nyes yes \nno route yes no route \nno route yes no route no route \nNOERROR "
      "10.71.0.3\nyes \nyes no route \n[\"b\",\"10.253.7.2\"]\nyes \n");
}

// It must show, 4.
TEST_F(egress, is_had_by_all_containers_of_a_batch) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "lxr batch -n 200 --name x --egress api.test $image /probe wait 2> /dev/null | grep -c '^started 200 of "
              "200'; for i in 1 77 200; do query x-$i api.test; reaches x-$i 10.253.7.3 10.253.7.4; query x-$i "
              "other.test; done; nft list ruleset | grep -c 'jump egress-'; nft list ruleset | grep -c 'chain egress-';"
              "lxr rm -f $(lxr ps -aq) > /dev/null; while nft list ruleset | grep -q egress; do :; done"),
      "1\nNOERROR 10.253.7.3\nyes no route \nREFUSED\nNOERROR 10.253.7.3\nyes no route \nREFUSED\nNOERROR "
      "10.253.7.3\nyes no route \nREFUSED\n200\n1\n");
}

// A network namespace lasts as long as somebody is in it. Packets on one way count, too.
TEST_F(egress, leaves_nothing_open_for_who_joined) {
  EXPECT_EQ(
      on_host(
          std::string(servers) +
          "start a --egress none; lxr run -q -d --name j --network container:a $image /probe wait > /dev/null;"
          "reaches j 10.253.7.2; lxr kill a > /dev/null; reaches j 10.253.7.2; far nft 'add table ip t; add chain ip t "
          "c { "
          "type filter hook prerouting priority 0; }; add rule ip t c udp dport 9 counter'; in_ask j udp 10.253.7.2 "
          "9 > /dev/null; far nft list ruleset | grep -o 'packets [0-9]*' >&2; lxr rm -f a > /dev/null; reaches j "
          "10.253.7.2; start b; reaches b 10.253.7.2"),
      "no route \nnothing \npackets 0\nnothing \nyes \n");
}

// The address of a container that died unseen belongs to the next one.
TEST_F(egress, that_ends_late_takes_nothing_from_the_next_container) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "network --subnet 10.71.0.0/24 n; start keep --network n; start a --network n --ip 10.71.0.9 --egress "
              "none; kill -9 $(lxr inspect a | jq '.[0].State | .MonitorPid,.Pid'); until start b --network n --ip "
              "10.71.0.9 2> /dev/null; do lxr rm -f b > /dev/null 2>&1; done; reaches b 10.253.7.2; lxr rm -f a > "
              "/dev/null; reaches b 10.253.7.2"),
      "yes \nyes \n");
}

TEST_F(egress, begins_with_the_first_network) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "network n; network m; start a --network none --egress none; lxr network connect n a; reaches a "
              "10.253.7.2; start b --network n --egress none; lxr network disconnect n b; lxr stop -t 0 b > /dev/null;"
              "lxr start b > /dev/null; lxr network connect m b; reaches b 10.253.7.2"),
      "no route \nno route \n");
}

TEST_F(egress, is_never_lifted_by_a_reload) {
  EXPECT_EQ(
      on_host(
          std::string(servers) +
          "start a --egress none; inside=$(lxr inspect a | jq .[0].State.Pid); (while :; do nsenter -t $inside -n "
          "\"$probe_program\" ask udp 10.253.7.2 80; done > $LXR_STATE.heard) & loop=$!; for i in {1..20}; do lxr "
          "network reload; done; kill $loop; wait $loop 2> /dev/null; sort -u $LXR_STATE.heard; rm $LXR_STATE.heard"),
      "no route\n");
}

TEST_F(egress, is_not_widened_by_answers_that_lie) {
  EXPECT_EQ(
      on_host(
          std::string(servers) +
          "nsenter -t $far -n dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts "
          "--address=/host.api.test/10.253.7.1 --address=/near.api.test/$(start b; address b) --address=/api.test/"
          "10.253.7.3 --listen-address=10.253.7.4 --bind-interfaces --user=root --pid-file= > /dev/null 2>&1 & "
          "helpers+=\" $!\"; \"$probe_program\" serve 80 > /dev/null 2>&1 & helpers+=\" $!\";"
          "start a --egress '*.api.test' --dns 10.253.7.4; until [ \"$(query a x.api.test)\" = 'NOERROR 10.253.7.3' "
          "]; do :; done; query a host.api.test; query a near.api.test | cut -d' ' -f1; reaches a 10.253.7.1 "
          "$(address b) 10.253.7.3; lxr stop -t 0 a > /dev/null; lxr start a > /dev/null; reaches a 10.253.7.3"),
      "NOERROR 10.253.7.1\nNOERROR\nno route no route yes \nno route \n");
}

TEST_F(egress, survives_the_death_of_the_helpers) {
  EXPECT_EQ(
      on_host(std::string(servers) +
              "start a --egress api.test; kill -9 $(pgrep -x lxr-egress --ns $$ --nslist net); until [ \"$(query a "
              "api.test)\" = 'NOERROR 10.253.7.3' ]; do :; done; reaches a 10.253.7.3 10.253.7.4;"
              "kill -9 $(pgrep -x lxr-resolver --ns $$ --nslist net); until [ \"$(query a api.test)\" = 'NOERROR "
              "10.253.7.3' ]; do :; done; reaches a 10.253.7.3 10.253.7.4; lxr rm -f a > /dev/null;"
              "until [ -z \"$(pgrep -x 'lxr-[er].*' --ns $$ --nslist net -r S,R,D)\" ]; do :; done"),
      "yes no route \nyes no route \n");
}

TEST_F(egress, that_cannot_be_is_refused) {
  EXPECT_EQ(
      on_host("for e in '' 10.0.0.0/33 a..b 'x y' ::1 10.1; do lxr run --rm --egress \"$e\" $image /probe wait; done;"
              "lxr run --rm --network host --egress none $image /probe wait; lxr ps -aq"),
      "lxr: cannot use --egress \"\": it is no IPv4 address, subnet or domain name; for example --egress "
      "10.0.0.0/8,example.org,*.example.org, or --egress none\n"
      "lxr: cannot use --egress \"10.0.0.0/33\": it is no IPv4 address, subnet or domain name; for example --egress "
      "10.0.0.0/8,example.org,*.example.org, or --egress none\n"
      "lxr: cannot use --egress \"a..b\": it is no IPv4 address, subnet or domain name; for example --egress "
      "10.0.0.0/8,example.org,*.example.org, or --egress none\n"
      "lxr: cannot use --egress \"x y\": it is no IPv4 address, subnet or domain name; for example --egress "
      "10.0.0.0/8,example.org,*.example.org, or --egress none\n"
      "lxr: cannot use --egress \"::1\": it is no IPv4 address, subnet or domain name; for example --egress "
      "10.0.0.0/8,example.org,*.example.org, or --egress none\n"
      "lxr: cannot use --egress \"10.1\": it is no IPv4 address, subnet or domain name; for example --egress "
      "10.0.0.0/8,example.org,*.example.org, or --egress none\n"
      "lxr: cannot use --egress: the container has a network that is not its own; leave out --network host\n");
}

}  // namespace
}  // namespace lxr::test
