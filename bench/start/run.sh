#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Starts, measured: floor programs, lxr and peers, interleaved in one run. Called by `./setup bench [quick]`.
#   run.sh DIR-OF-LXR [quick]     quick: fewer rounds and containers, at most five minutes
# Results: DIR/bench-start.json (every sample), DIR/bench-start.txt (the table), DIR/bench-start.html (the page).
set -euo pipefail
build=$(cd "$1" && pwd) mode=${2:-full}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
support=$here/../../tests/support
work=$(mktemp -d /var/tmp/lxr-bench.XXXXXX)
memory=$(mktemp -d /dev/shm/lxr-bench.XXXXXX) # state belongs on a tmpfs, as /run is
cache=${LXR_TEST_CACHE:-$here/../../.cache}
lxr=$build/lxr
bundle=$work/bundle sleeping=$work/sleeping archive=$work/small.tar
out=$work/measurements.jsonl
export LXR_ROOT=$work/root LXR_STATE=$memory/state
mkfifo "$work/never"
mkdir -p "$LXR_ROOT" "$work/floor" "$bundle/rootfs" "$sleeping" "$cache"
chattr +T "$work/floor" 2>/dev/null || : # as lxr's directory of containers (core/instance/paths.cpp)
ulimit -n "$(ulimit -Hn)"

if [ "$mode" = quick ]; then
	rounds=30 slow=30 many=300 some=200 batches=2 levels=(0 300) few=10 made=100
else
	rounds=120 slow=60 many=1000 some=1000 batches=3 levels=(0 500 1000 2000) few=20 made=1000
fi

# shellcheck source-path=SCRIPTDIR source=contestants.sh
source "$here/contestants.sh"

remove_all() { "$lxr" ps -aq | xargs -r "$lxr" rm -f >/dev/null; }
finish() {
	set +e
	remove_all 2>/dev/null
	stop_peers
	"$build/bench/floor_bridge" down
	rm -rf --one-file-system "$work" "$memory"
}
trap finish EXIT
say() { printf '\n== %s\n' "$*" >&2; }

prepare() {
	bash "$support/images.sh" small "$cache/small" 2>/dev/null
	image=oci:$cache/small:small
	"$lxr" pull -q "$image" >/dev/null
	"$lxr" create --name source --network none "$image" true >/dev/null
	local pid
	pid=$("$lxr" inspect source | jq '.[0].State.Pid')
	cp -a "/proc/$pid/root/bin" "/proc/$pid/root/etc" "$bundle/rootfs/"
	mkdir -p "$bundle/rootfs/"{proc,sys,dev,tmp,usr}
	"$lxr" rm -f source >/dev/null
	(cd "$bundle" && crun spec &&
		jq '.process.terminal=false | .process.args=["/bin/true"]' config.json >c && mv c config.json)
	jq --arg r "$bundle/rootfs" '.process.args=["/bin/sleep","1000"] | .root.path=$r' "$bundle/config.json" \
		>"$sleeping/config.json"
	skopeo --insecure-policy copy -q "$image" "docker-archive:$archive:small:latest"
	"$build/bench/floor_bridge" up
	start_peers
}

compare() { "$build/bench/compare" "$@" >>"$out"; }
cpu() {
	cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null ||
		awk '/^usage_usec/ {print $2 "000"}' /sys/fs/cgroup/cpu.stat
}

# One line for a command that runs once: whole machine's processor time, all processes' success.
once() { # SCENARIO WHO COUNT COMMAND...
	local scenario=$1 who=$2 count=$3 begin end before failed=0
	shift 3
	before=$(cpu) begin=$EPOCHREALTIME
	"$@" >"$work/once" 2>>"$work/once.log" || failed=1
	end=$EPOCHREALTIME
	record "$scenario" "$who" "$count" "$(bc <<<"($end - $begin) * 1000")" "$failed" \
		"$(bc <<<"scale=3; ($(cpu) - $before) / 1000000")"
}
record() { # SCENARIO WHO COUNT MS [FAILED [CPU_MS]]
	jq -nc --arg s "$1" --arg w "$2" --argjson c "$3" --argjson ms "${4/#./0.}" --argjson f "${5:-0}" \
		--argjson cpu "$(sed 's/^\./0./' <<<"${6:-null}")" \
		'{scenario: $s, who: $w, count: $c, ms: [$ms], cpu_ms: $cpu, failed: $f}' >>"$out"
}

one_container() { # none|bridge PAUSE-MS
	local what="run $1, $2 ms pauses" p command
	say "$what"
	local all=(floor "$build/bench/floor_run" "$1" "$bundle/rootfs" "$work/floor" /bin/true
		-- lxr "$lxr" run --rm --network "$1" "$image" true)
	for p in crun runc bwrap nspawn; do ! has $p || ! run_of $p "$1" || all+=("${command[@]}"); done
	compare "$what" "$rounds" "$2" "${all[@]}"
	[ "$2" = 0 ] || return 0
	all=(lxr-beside-daemons "$lxr" run --rm --network "$1" "$image" true)
	for p in podman docker ctr; do ! has $p || ! run_of $p "$1" || all+=("${command[@]}"); done
	compare "$what" "$slow" -100 "${all[@]}"
}

reachable() { # how many of the running containers do not answer
	"$lxr" ps --format json | jq -r .Address | xargs -P 16 -I{} sh -c 'ping -q -c 1 -W 5 {} >/dev/null || echo {}' | wc -l
}
clean() { # until links, cgroups and files are gone; looked at without a process, which would take from who is measured
	while compgen -G "$LXR_ROOT/trash/*" || compgen -G "$LXR_STATE/trash/*" || compgen -G "/sys/class/net/lv*" ||
		[ -d "/sys/fs/cgroup/pids/$group" ] || [ -d "/sys/fs/cgroup/$group" ]; do
		read -rt 0.005 <>"$work/never" || :
	done >/dev/null
}

# The same from slots, in two rows: what is made ahead, and the starts from it; by the programs' own clocks.
from_slots() { # none|bridge
	local json said
	json=$("$build/bench/floor_batch" "$1" slots "$many" "$bundle/rootfs" "$work/floor" /bin/sleep 1000)
	record "slots $1, making" floor "$many" "$(jq .made_ms <<<"$json")"
	record "slots $1, starts" floor "$many" "$(jq .started_ms <<<"$json")"
	said=$("$lxr" batch -n "$many" --slots "$many" --name b --network "$1" "$image" sleep 1000)
	record "slots $1, making" lxr "$many" "$(bc <<<"$(sed -n 's/^made .* in \([0-9.]*\) s.*/\1/p' <<<"$said") * 1000")"
	record "slots $1, starts" lxr "$many" "$(bc <<<"$(sed -n 's/^started .* in \([0-9.]*\) s.*/\1/p' <<<"$said") * 1000")"
	[ "$1" = none ] || record "unreachable" lxr "$many" "$(reachable)"
	remove_all
	clean
}

batches() { # none|bridge
	local what="batch $1" round json begin
	say "$what: $many containers, $batches rounds"
	for ((round = 0; round < batches; round++)); do
		json=$("$build/bench/floor_batch" "$1" "$many" "$bundle/rootfs" "$work/floor" /bin/sleep 1000)
		record "$what" floor "$many" "$(jq .started_ms <<<"$json")"
		record "remove $1" floor "$many" "$(jq .stopped_ms <<<"$json")"
		record "remove $1, census clean" floor "$many" "$(jq .clean_ms <<<"$json")"
		once "$what" lxr "$many" "$lxr" batch -n "$many" --name b --network "$1" "$image" sleep 1000
		[ "$1" = none ] || record "unreachable" lxr "$many" "$(reachable)"
		group=$(basename "$({ compgen -G '/sys/fs/cgroup/pids/lxr-*'; compgen -G '/sys/fs/cgroup/lxr-*'; } |
			sort | grep -v floor | head -1)")
		mapfile -t ids < <("$lxr" ps -aq)
		begin=$EPOCHREALTIME
		if [ $((round % 2)) = 0 ]; then
			once "remove $1" lxr "$many" "$lxr" rm -f "${ids[@]}"
		else
			once "remove $1" lxr "$many" sh -c '"$0" stop -t 0 "$@" && "$0" rm "$@"' "$lxr" "${ids[@]}"
		fi
		clean
		record "remove $1, census clean" lxr "$many" "$(bc <<<"($EPOCHREALTIME - $begin) * 1000")"
		from_slots "$1"
	done
	if [ "$1" = bridge ]; then
		! has podman || {
			once "$what" podman "$few" sh -c 'seq "$0" | xargs -P "$0" -I{} "$@"' "$few" \
				nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" run -d "${limits[@]}" small sleep 1000
			once "remove $1" podman "$few" nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" rm -fa -t 0
		}
		! has docker || {
			once "$what" docker "$few" sh -c 'seq "$0" | xargs -P "$0" -I{} "$@"' "$few" \
				docker "${docker_flags[@]}" run -d small sleep 1000
			once "remove $1" docker "$few" sh -c 'docker "$@" ps -aq | xargs docker "$@" rm -f' - "${docker_flags[@]}"
		}
	elif has crun; then
		once "$what" crun "$some" sh -c 'seq "$0" | xargs -P 2 -I{} crun run -d -b "$1" bench-{}' "$some" "$sleeping"
		once "remove $1" crun "$some" sh -c 'seq "$0" | xargs -P 2 -I{} crun delete -f bench-{}' "$some"
	fi
}

separate() {
	say "separate commands: $some, 32 at a time"
	once "separate run -d" lxr "$some" sh -c 'seq "$0" | xargs -P 32 -I{} "$@"' "$some" "$lxr" run -d "$image" sleep 1000
	record "unreachable" lxr "$some" "$(reachable)"
	remove_all
	! has podman || {
		once "separate run -d" podman "$few" sh -c 'seq "$0" | xargs -P 32 -I{} "$@"' "$few" \
			nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" run -d "${limits[@]}" small sleep 1000
		once "remove podman" podman "$few" nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" rm -fa -t 0
	}
}

monitor_of() { "$lxr" inspect "$1" | jq -e '.[0].State.MonitorPid'; }

# One more start, exec and ps with ever more containers running; what the monitor of them takes.
beside_many() {
	local running=0 level pid monitor before
	for level in "${levels[@]}"; do
		[ "$level" = 0 ] || "$lxr" batch -n $((level - running)) --name "level-$level" "$image" sleep 100000 >/dev/null
		running=$level
		say "with $running running"
		for network in none bridge; do
			compare "start $network beside $running" 30 0 lxr "$lxr" run --rm --network $network "$image" true \
				-- floor "$build/bench/floor_run" $network "$bundle/rootfs" "$work/floor" /bin/true
		done
		[ "$running" != 1000 ] && [ "$mode" = full ] || [ "$running" = 0 ] || compare "ps of $running" 20 0 lxr "$lxr" ps
	done
	record "unreachable" lxr "$running" "$(reachable)"
	monitor=$(monitor_of "level-${levels[1]}-1")
	"$lxr" run -d --name single "$image" sleep 100000 >/dev/null
	record "monitor memory of one, KiB" lxr 1 "$(awk '/^Rss/ {print $2}' "/proc/$(monitor_of single)/smaps_rollup")"
	record "monitor memory, KiB" lxr "${levels[1]}" "$(awk '/^Rss/ {print $2}' "/proc/$monitor/smaps_rollup")"
	before=$(awk '/^(non)?voluntary_ctxt/ {s += $2} END {print s}' "/proc/$monitor/status")
	sleep 5
	record "monitor wake-ups in 5 s" lxr "${levels[1]}" \
		"$(awk -v b="$before" '/^(non)?voluntary_ctxt/ {s += $2} END {print s - b}' "/proc/$monitor/status")"
	remove_all
	"$lxr" batch -n 100 --name quiet "$image" sleep 100000 >/dev/null
	"$lxr" batch -n $((levels[1] - 100)) --name busy "$image" sleep 100000 >/dev/null &
	compare "ps during a batch" 20 0 lxr "$lxr" ps
	wait $!
	remove_all
}

further_processes() {
	local pid p
	say "exec"
	"$lxr" batch -n 200 --name x --network none "$image" sleep 100000 >/dev/null
	pid=$("$lxr" inspect x-1 | jq '.[0].State.Pid')
	local all=(floor "$build/bench/floor_exec" "$pid" /bin/true -- lxr "$lxr" exec x-1 true)
	for p in crun runc; do
		! has $p || { $p run -d -b "$sleeping" "exec-$p" && all+=(-- "$p" "$p" exec "exec-$p" /bin/true); }
	done </dev/null >/dev/null
	compare "exec" "$rounds" 0 "${all[@]}"
	for p in crun runc; do ! has $p || $p delete -f "exec-$p"; done
	all=(lxr-beside-daemons "$lxr" exec x-1 true)
	! has podman || {
		enter podman "${podman_flags[@]}" run -d --name one "${limits[@]}" small sleep 1000 >/dev/null
		all+=(-- podman nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" exec one true)
	}
	! has docker || {
		docker "${docker_flags[@]}" run -d --name one small sleep 1000 >/dev/null
		all+=(-- docker docker "${docker_flags[@]}" exec one true)
	}
	compare "exec" "$few" -100 "${all[@]}"
	for p in 1 2 3; do
		once "exec, 200 at once" lxr 200 sh -c 'seq 200 | xargs -P 200 -I{} "$0" exec x-{} true' "$lxr"
		once "exec, 200 at once" floor 200 sh -c 'seq 200 | xargs -P 200 -I{} "$0" "$1" /bin/true' \
			"$build/bench/floor_exec" "$pid"
	done
	if has podman; then
		seq "$made" |
			xargs -P 4 -I{} podman "${podman_flags[@]}" create -q "${limits[@]}" --network none small true >/dev/null
		compare "ps -a of podman" 5 0 podman podman "${podman_flags[@]}" ps -a
		podman "${podman_flags[@]}" rm -fa -t 0 >/dev/null
	fi
	remove_all
}

prepare
{
	echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)," \
		"Linux $(uname -r), $(stat -f -c %T "$work") under the store, $(stat -f -c %T "$memory") under the state"
	echo "lxr: $("$lxr" version), $(basename "$build") build; image $(basename "$image"), local," \
		"$("$lxr" system info | sed -n "s/^Storage: *//p");" \
		"starts sync nothing; pools (slots) only in the rows that say so"
	echo "peers: $(versions | paste -sd, | sed 's/,/, /g')"
	echo "equal work: floor, lxr, podman, docker: all namespaces, overlay, masked paths, capabilities, seccomp," \
		"pids limit. crun, runc: no image, no overlay, no seccomp in their default"
	echo "  spec, no network set-up. containerd: no network. bubblewrap: no cgroup, no seccomp." \
		"systemd-nspawn: no overlay. lxr, podman, docker, containerd also keep logs when detached."
} >"$work/machine"
cat "$work/machine" >&2
one_container none 0
one_container none 20
one_container bridge 0
one_container bridge 20
further_processes
batches none
batches bridge
separate
beside_many
# Pictures, not figures: tracing costs a little.
"$lxr" batch -n "$many" --name b --trace "$work/batch.trace" "$image" sleep 1000 >/dev/null
remove_all
"$lxr" run --rm --trace "$work/run.trace" "$image" true
jq -s --rawfile machine "$work/machine" --arg mode "$mode" --slurpfile run "$work/run.trace" \
	--slurpfile batch "$work/batch.trace" \
	'{mode: $mode, date: (now | todate), machine: ($machine | rtrimstr("\n") | split("\n")), measurements: .,
		trace: {run: $run[0], batch: $batch[0]}}' "$out" |
	jq -f "$here/figures.jq" >"$build/bench-start.json"
jq -r -f "$here/table.jq" "$build/bench-start.json" | tee "$build/bench-start.txt"
# The page is the template with the figures in it; "</" would end the script they stand in.
jq -c . "$build/bench-start.json" | sed 's|</|<\\/|g' >"$work/data"
sed -e "/^__FIGURES__$/{r $work/data" -e 'd}' "$here/page.html" >"$build/bench-start.html"
echo
echo "written: $build/bench-start.json, .txt, .html"
