// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/simulated_host.hpp"

namespace lxr::test {
namespace {

constexpr const char* prelude = R"--(
exec 2>&1 </dev/null
lxr() { "$program" "$@"; }
joined() { paste -sd ,; }
ask() { "$probe_program" ask "$@" | joined; }
far() { nsenter -t $far -n "$@"; }
far_ask() { far "$probe_program" ask "$@" | joined; }
in_ask() { local c=$1; shift; lxr exec "$c" /probe ask "$@" | joined; }
network() { lxr network create "$@" > /dev/null; }
serve() {
	local name=$1
	shift
	lxr run -q -d --name "$name" -h "$name" "$@" "$image" /probe serve 80 > /dev/null && heard "$name"
}
heard() {
	local tries
	for tries in {1..200}; do
		if lxr exec "$1" /probe ask tcp 127.0.0.1 80 > /dev/null; then return; fi
	done
	echo "$1 does not answer"
}
address() {
	lxr inspect "$1" | jq -r --arg n "${2-}" '.[0].NetworkSettings |
		if $n == "" then .IPAddress else .Networks[$n].IPAddress end'
}
resolve() { lxr exec "$1" /probe resolve "$2"; }
query() {
	local c=$1
	shift
	nsenter -t "$(lxr inspect "$c" | jq .[0].State.Pid)" -n dig +time=3 +tries=1 \
		@"$(lxr exec "$c" /probe server)" "$@" | awk '/status:/ { sub(/.*status: /, ""); sub(/,.*/, ""); s = $0 }
			/^[^;]/ && NF > 4 { d = d " " $5 } END { print s d }'
}
upstream() {
	echo nameserver 10.253.7.2 > "$LXR_STATE.resolv"
	mount --bind "$LXR_STATE.resolv" /etc/resolv.conf
	nsenter -t $far -n dnsmasq --no-daemon --conf-file=/dev/null --no-resolv --no-hosts --address=/up.test/192.0.2.7 \
		--log-queries --log-facility="$LXR_STATE.queries" --listen-address=10.253.7.2 --bind-interfaces --user=root \
		--pid-file= "$@" > /dev/null 2>&1 &
	helpers+=" $!"
	local tries
	for tries in {1..200}; do
		if [ "$(far dig +short +time=1 +tries=1 @10.253.7.2 up.test)" = 192.0.2.7 ]; then break; fi
	done
	: > "$LXR_STATE.queries"
}
heard_of() { sed -n 's/.*query\[\(.*\)\] \(.*\) from.*/\1 \2/p' "$LXR_STATE.queries" | sort -u | joined; }
helpers=
ip link set lo up
unshare -n sleep 1000 > /dev/null &
far=$!
trap 'pkill -CONT -x lxr-resolver --ns $$ --nslist net
	all=$(lxr ps -aq); [ -z "$all" ] || lxr rm -f $all > /dev/null; kill $far $helpers
	rm -f "$LXR_STATE.resolv" "$LXR_STATE.queries"' EXIT
until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add up0 type veth peer name far0 netns $far
ip address add 10.253.7.1/24 dev up0
ip link set up0 up
far ip address add 10.253.7.2/24 dev far0
far ip link set far0 up
far ip link set lo up
far ip route add default via 10.253.7.1
)--";

}  // namespace

std::string simulated_host::on_host(const std::string& script) {
  std::vector<std::string> variables = environment();
  variables.push_back("program=" + program_path("lxr"));
  variables.push_back("image=" + probe_);
  variables.push_back("probe_program=" NETWORK_PROBE);
  return run_program({"/usr/bin/unshare", "-n", "-m", "/bin/bash", "-c", prelude + script}, {}, variables).out;
}

}  // namespace lxr::test
