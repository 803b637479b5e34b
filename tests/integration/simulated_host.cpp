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
ip link set lo up
unshare -n sleep 1000 > /dev/null &
far=$!
trap 'all=$(lxr ps -aq); [ -z "$all" ] || lxr rm -f $all > /dev/null; kill $far' EXIT
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
  return run_program({"/usr/bin/unshare", "-n", "/bin/bash", "-c", prelude + script}, {}, variables).out;
}

}  // namespace lxr::test
