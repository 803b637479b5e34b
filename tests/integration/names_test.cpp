// SPDX-License-Identifier: Apache-2.0
// Names of containers in networks of users: issue 14.
#include "tests/integration/simulated_host.hpp"

namespace lxr::test {
namespace {

using names = simulated_host;

TEST_F(names, lead_to_containers_of_the_same_network_and_no_other) {
  EXPECT_EQ(
      on_host(
          "network --subnet 10.71.0.0/24 front; network --subnet 10.72.0.0/24 back; network --internal --subnet "
          "10.73.0.0/24 deep; serve a --network front --network-alias web; serve b --network front:alias=db --network "
          "back --network-alias web; serve c --network back; serve d --network deep;"
          "for x in 'a b' 'a db' 'a web' 'a c' 'b a' 'b c' 'c b' 'c db' 'c a' 'd d' 'd a'; do set -- $x;"
          "echo \"$x: $(resolve $1 $2)\"; done; resolve b $(lxr inspect a | jq -r .[0].Id | cut -c-12);"
          "in_ask a tcp $(resolve a b) 80 | cut -d' ' -f2; in_ask c tcp $(resolve c b) 80 | cut -d' ' -f2;"
          "resolve a host.containers.internal; lxr inspect b | jq -c '.[0].NetworkSettings.Networks | "
          "[.front.Aliases,.back.Aliases,(.front.DNSNames|length)]'"),
      "a b: 10.71.0.3\na db: 10.71.0.3\na web: 10.71.0.3 10.71.0.2\na c: none\nb a: 10.71.0.2\nb c: 10.72.0.3\nc b: "
      "10.72.0.2\nc db: none\nc a: none\nd d: 10.73.0.2\nd a: "
      "none\n10.71.0.2\nb,0\nb,0\n10.71.0.1\n[[\"web\",\"db\"],[\"web\"],4]\n");
}

TEST_F(names, are_answered_with_all_types_and_led_back_to) {
  EXPECT_EQ(
      on_host("upstream; network --subnet 10.71.0.0/24 n; serve web --network n; serve other --network n;"
              "query web web; query web WEB.; query web web +tcp; query web web AAAA; query web web MX; query web "
              "-x 10.71.0.3; query web -x 10.71.0.99; query web -c CH -t TXT version.bind; query web -t AXFR web "
              "+tcp; dig +time=2 +tries=1 @10.71.0.1 web | grep -o 'status: [A-Z]*'; heard_of"),
      "NOERROR 10.71.0.2\nNOERROR 10.71.0.2\nNOERROR 10.71.0.2\nNOERROR\nNOERROR\nNOERROR other.\nNXDOMAIN\n"
      "REFUSED\n\nstatus: REFUSED\n\n");
}

TEST_F(names, of_the_outside_are_asked_of_the_hosts_servers) {
  EXPECT_EQ(
      on_host(
          "upstream --local-ttl=60 $(printf -- '--host-record=big.test,192.0.2.%s ' {1..90}); network --subnet "
          "10.71.0.0/24 n; network --internal --subnet 10.73.0.0/24 deep; serve a --network n; serve d "
          "--network deep;"
          "query a up.test; query a up.test +noedns; query a up.test +tcp; query a up.test; query a up.test +noedns;"
          "query a big.test +noedns +ignore | grep -c 192; query a big.test | wc -w; query d up.test; query a "
          "nowhere.test;"
          "heard_of; grep -c 'query.* up.test' $LXR_STATE.queries"),
      "NOERROR 192.0.2.7\nNOERROR 192.0.2.7\nNOERROR 192.0.2.7\nNOERROR 192.0.2.7\nNOERROR "
      "192.0.2.7\n1\n91\nNXDOMAIN\nREFUSED\n"
      "A big.test,A nowhere.test,A up.test\n4\n");
}

TEST_F(names, stay_known_with_servers_that_the_user_chooses) {
  EXPECT_EQ(
      on_host("upstream; echo nameserver 10.253.7.77 > $LXR_STATE.resolv; network --subnet 10.71.0.0/24 n;"
              "serve a --network n --dns 10.253.7.2; serve b --network n --dns 127.0.0.1; query a up.test; query a b;"
              "lxr exec b /probe server"),
      "NOERROR 192.0.2.7\nNOERROR 10.71.0.3\n127.0.0.1\n");
}

TEST_F(names, follow_connections) {
  EXPECT_EQ(
      on_host("network --subnet 10.71.0.0/24 n; network --subnet 10.72.0.0/24 m; serve a --network n; serve b;"
              "resolve a b; lxr network connect --alias data n b; resolve a b; resolve a data; resolve b a;"
              "lxr network connect m a; lxr network connect m b; resolve b a; lxr network disconnect n b; resolve b a;"
              "resolve a data; lxr exec b /probe server; lxr network disconnect m b; resolve a b;"
              "lxr network connect --alias x bridge a; lxr stop -t 0 b > /dev/null; resolve b a"),
      "none\n10.71.0.3\n10.71.0.3\n10.71.0.2\n10.72.0.2 10.71.0.2\n10.72.0.2\nnone\n10.72.0.1\nnone\n"
      "lxr: cannot use --alias: the default network has no names; make a network of your own: lxr network create NAME\n"
      "lxr: cannot run in container \"b\": container not running; start it with: lxr start b\n");
}

TEST_F(names, are_there_for_the_first_instruction) {
  EXPECT_EQ(
      on_host(
          "network n; lxr pull $image > /dev/null 2>&1; lxr batch -n 100 --rm --network n $image /probe resolve - | "
          "grep -c '^started 100 of 100';"
          "serve a --network n; for i in {1..20}; do lxr run --rm -q --network n $image /probe resolve a; done "
          "| grep -vc none"),
      "1\n20\n");
}

constexpr const char* resolver_functions = R"--(
resolver() { pgrep -x lxr-resolver --ns $$ --nslist net -r S,R,D,T; }
ended() { until [ -z "$(resolver)" ]; do :; done; }
another() { until [ -n "$(resolver)" ] && [ "$(resolver)" != "$1" ]; do :; done; }
)--";

// The monitors start it again; without them, the next command that looks after containers.
TEST_F(names, survive_the_death_of_their_resolver) {
  EXPECT_EQ(
      on_host(std::string(resolver_functions) +
              "network --subnet 10.71.0.0/24 n; serve a --network n --network-alias x; serve b --network n;"
              "inside=$(lxr inspect a | jq .[0].State.Pid); from_a() { nsenter -t $inside -n dig +short +tries=1 "
              "+time=1 @10.71.0.1 $1 || :; }; old=$(resolver); kill -9 $old; another $old;"
              "until [ \"$(from_a b)\" = 10.71.0.3 ]; do :; done; from_a x;"
              "kill -9 $(lxr inspect a b | jq .[].State.MonitorPid); old=$(resolver); kill -9 $old; ended;"
              "from_a b | grep -c ^10.71; lxr ps -q | wc -l; from_a b; from_a x; lxr rm -f a b > /dev/null; ended;"
              "lxr ps -q; resolver"),
      "10.71.0.2\n0\n2\n10.71.0.3\n10.71.0.2\n");
}

// The process that starts a resolver is killed before it has told it of all containers.
TEST_F(names, are_all_there_or_none) {
  EXPECT_EQ(
      on_host(
          std::string(resolver_functions) +
          "network --subnet 10.71.0.0/24 n; lxr batch -n 40 --name c --network n $image /probe wait > /dev/null 2>&1;"
          "inside=$(lxr inspect c-1 | jq .[0].State.Pid); kill -9 $(lxr inspect c-1 | jq .[0].State.MonitorPid);"
          "for ms in 1 2 3 4 5 6 8 10; do kill -9 $(resolver) 2> /dev/null; ended; timeout -s KILL 0.0$ms lxr ps > "
          "/dev/null 2>&1;"
          "done; until lxr ps > /dev/null 2>&1 && [ \"$(nsenter -t $inside -n dig +short +tries=1 +time=1 "
          "@10.71.0.1 c-1)\" ]; do :; done; for i in {1..40}; do nsenter -t $inside -n dig +short +tries=1 +time=1 "
          "@10.71.0.1 c-$i; done | grep -c '^10.71'"),
      "40\n");
}

TEST_F(names, are_the_same_after_a_connection_that_failed) {
  EXPECT_EQ(
      on_host(std::string(resolver_functions) +
              "upstream; network --subnet 10.71.0.0/24 n; network --subnet 10.72.0.0/24 m; serve one --network n;"
              "kill -STOP $(resolver); lxr network connect m one; kill -CONT $(resolver); lxr inspect one | jq -c "
              "'.[0].NetworkSettings.Networks|keys'; lxr network connect m one && resolve one one;"
              "kill -STOP $(resolver); lxr network disconnect m one; kill -CONT $(resolver);"
              "lxr network disconnect m one; lxr exec one /probe server; serve two --network n --network m;"
              "inside=$(lxr inspect two | jq .[0].State.Pid); truncate -s 3G /proc/$inside/root/etc/resolv.conf;"
              "lxr network disconnect n two; nsenter -t $inside -n dig +short +tries=1 +time=1 @10.72.0.1 one;"
              "resolve one two"),
      "lxr: cannot ask the resolver of this instance: it does not answer; end it: pkill -KILL lxr-resolver\n[\"n\"]\n"
      "10.72.0.3 10.71.0.2\nlxr: cannot ask the resolver of this instance: it does not answer; end it: pkill -KILL "
      "lxr-resolver\n10.71.0.1\nnone\n");
}

TEST_F(names, follow_the_hosts_servers) {
  EXPECT_EQ(
      on_host("upstream; network --subnet 10.71.0.0/24 n; serve p; serve a --network n; mv $LXR_STATE.resolv "
              "$LXR_STATE.old; cp $LXR_STATE.old $LXR_STATE.resolv; umount /etc/resolv.conf; echo nameserver "
              "10.253.7.99 > $LXR_STATE.resolv; mount --bind $LXR_STATE.resolv /etc/resolv.conf; lxr network connect n "
              "p; lxr exec p /probe server; umount /etc/resolv.conf; mount --bind $LXR_STATE.old /etc/resolv.conf;"
              "query a up.test; umount /etc/resolv.conf; rm $LXR_STATE.old"),
      "10.71.0.1\nNOERROR 192.0.2.7\n");
}

TEST_F(names, need_a_resolver_only_as_long_as_there_are_containers_with_names) {
  EXPECT_EQ(on_host(std::string(resolver_functions) +
                    "serve a; resolver; network n; network --disable-dns quiet; serve q --network quiet; resolver;"
                    "serve b --network n; ps -o user=,nlwp= -p $(resolver); lxr rm -f b > /dev/null; ended;"
                    "serve c --network n; resolve c c | wc -w"),
            "nobody      1\n1\n");
}

TEST_F(names, wait_for_no_server_that_hangs) {
  EXPECT_EQ(on_host("upstream; network n; serve a --network n --dns 10.253.7.99 --dns 10.253.7.2; serve b --network n "
                    "--dns 10.253.7.99;"
                    "far ip address add 10.253.7.99/24 dev far0; (query b up.test > $LXR_STATE.late) & query a up.test;"
                    "begin=$EPOCHREALTIME; query b a > /dev/null; end=$EPOCHREALTIME;"
                    "[ $((${end/./} - ${begin/./})) -lt 1000000 ] && echo soon; wait $!; cat $LXR_STATE.late; rm "
                    "$LXR_STATE.late"),
            "NOERROR 192.0.2.7\nsoon\nSERVFAIL\n");
}

TEST_F(names, pass_a_host_that_drops_what_comes_in) {
  EXPECT_EQ(
      on_host("nft 'add table ip filter; add chain ip filter INPUT { type filter hook input priority 0; policy "
              "drop; }'; network --subnet 10.71.0.0/24 n; lxr run -q -d --name web --network n $image /probe wait > "
              "/dev/null; resolve web web; query web web +tcp; lxr exec web /probe ask udp 10.71.0.1 54"),
      "10.71.0.2\nNOERROR 10.71.0.2\nnothing\n");
}

TEST_F(names, that_cannot_be_served_say_so) {
  EXPECT_EQ(
      on_host("dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --user=root --pid-file= > /dev/null 2>&1 & "
              "helpers+=\" $!\"; until dig +short +time=1 +tries=1 @127.0.0.1 x > /dev/null; do :; done;"
              "network n; lxr run -q --rm --network n $image /probe wait; lxr ps -aq; network --disable-dns q; serve a "
              "--network q; lxr run --rm --network-alias x $image /probe wait; lxr run --rm --network "
              "bridge:alias=x $image /probe wait; lxr run --rm --network n:alias= $image /probe wait"),
      "lxr: cannot serve the names of network n: another program listens on port 53 of all addresses of this host; "
      "let it listen on addresses of its own, or create the network with --disable-dns\n"
      "lxr: cannot use --network-alias: names are for containers in networks of your own; make one: lxr network "
      "create NAME, and add --network NAME\n"
      "lxr: cannot use --network-alias: names are for containers in networks of your own; make one: lxr network "
      "create NAME, and add --network NAME\n"
      "lxr: cannot use --network alias \"\": it is empty\n");
}

}  // namespace
}  // namespace lxr::test
