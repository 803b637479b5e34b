// SPDX-License-Identifier: Apache-2.0
// Between states: connections, names and restrictions beside what happens to a container a few milliseconds later.
#include "tests/integration/simulated_host.hpp"

namespace lxr::test {
namespace {

using between_networks = simulated_host;

// `pair A -- B` calls two commands up to ten milliseconds apart, each in words of lxr, and says what must not happen:
// messages of a crash or of an internal cause. `agree` says where the record of v, its links and its names differ.
constexpr const char* pairs = R"--(
pair() {
	local first=() said
	while [ "$1" != -- ]; do first+=("$1"); shift; done
	shift
	said=$(
		lxr "${first[@]}" 2>&1 > /dev/null &
		sleep 0.00$((RANDOM % 10))  # the offset is what is tested
		lxr "$@" 2>&1 > /dev/null
		wait
	)
	case $said in *terminate*|*.tmp-*|*"File exists"*|*"No such"*) echo "${first[*]} -- $*: $said" ;; esac
}
agree() {
	local all state networks links n
	all=$(lxr inspect v 2> /dev/null) || return 0
	state=$(jq -r .[0].State.Status <<< "$all")
	[ "$state" = running ] || return 0
	networks=$(jq -r '.[0].NetworkSettings.Networks | keys[]' <<< "$all" | grep -v none)
	links=$(nsenter -t "$(jq .[0].State.Pid <<< "$all")" -n ip -o link show type veth | wc -l)
	[ "$links" = "$(wc -w <<< "$networks")" ] || echo "$1: $links links, networks $networks"
	for n in $networks; do
		resolve peer v | grep -qw "$(jq -r --arg n "$n" '.[0].NetworkSettings.Networks[$n].IPAddress' <<< "$all")" ||
			echo "$1: $n has no name for v"
	done
}
network n
network m
serve peer --network n --network m
fresh() { lxr rm -f v > /dev/null 2>&1; lxr run -q -d --name v "$@" "$image" /probe wait > /dev/null; }
)--";

TEST_F(between_networks, connect_and_disconnect_beside_everything_leave_one_truth) {
  EXPECT_EQ(
      on_host(
          std::string(pairs) +
          "for round in {1..6}; do for verb in 'stop -t 0 v' 'kill v' 'start v' 'pause v' 'rm v' 'rm -f v' "
          "'exec v true' 'network disconnect n v' 'network connect m v' 'network reload' 'network rm m' 'ps'; do "
          "fresh --network n; pair network connect m v -- $verb; lxr unpause v > /dev/null 2>&1; agree \"connect, "
          "$verb\"; fresh --network n --network m; pair network disconnect m v -- $verb; lxr unpause v > /dev/null "
          "2>&1; agree \"disconnect, $verb\"; lxr start v > /dev/null 2>&1; agree \"start after $verb\"; done; done;"
          "lxr rm -f v peer > /dev/null; lxr network prune -f > /dev/null; until [ -z \"$(ip -o link show type "
          "veth | grep lv)\" ]; do :; done; lxr network ls -q"),
      "bridge\n");
}

TEST_F(between_networks, starts_beside_each_other_all_have_their_names) {
  EXPECT_EQ(
      on_host(
          std::string(pairs) +
          "for round in {1..5}; do jobs=; for i in {1..8}; do lxr run -q -d --name w$i --network n --egress w1 $image "
          "/probe wait > /dev/null & jobs+=\" $!\"; done; [ $((round % 2)) = 0 ] && pkill -9 -x lxr-resolver --ns $$ "
          "--nslist net; wait $jobs; for i in {1..8}; do resolve peer w$i | grep -q 10 || echo w$i; done; resolve w2 "
          "w1 | grep -q 10 || echo no w1; resolve w2 w3; lxr rm -f w{1..8} > /dev/null; done 2>&1 | sort | uniq -c"),
      "      5 none\n");
}

}  // namespace
}  // namespace lxr::test
