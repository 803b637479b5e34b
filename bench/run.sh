#!/bin/bash
# The figures of the README: floor, peer and lxr in one run, interleaved. Called by `./setup bench [quick]`.
#   run.sh DIR-OF-LXR [quick]      quick: fewer runs
# Machine-readable lines go to DIR/bench.jsonl.
set -euo pipefail
build=$1 mode=${2:-full}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
support=$here/../tests/support
work=$(mktemp -d /var/tmp/lxr-bench.XXXXXX)
out=$build/bench.jsonl
: >"$out"
lxr=$build/lxr
export LXR_ROOT=$work/root LXR_STATE=$work/state
export LXR_TEST_CACHE=${LXR_TEST_CACHE:-$here/../.cache}
runs=60
[ "$mode" = quick ] && runs=15

finish() {
	mapfile -t left < <("$lxr" ps -aq 2>/dev/null)
	[ ${#left[@]} -eq 0 ] || "$lxr" rm -f "${left[@]}" >/dev/null
	rm -rf "$work"
}
trap finish EXIT
compare() { "$build/bench/compare" "$@" 2>>"$out"; }

mkdir -p "$LXR_ROOT" "$LXR_STATE" "$work/floor" "$LXR_TEST_CACHE"
echo "machine: $(nproc) cores, $(uname -r), $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2-)"
echo "lxr: $("$lxr" version), crun: $(crun --version | sed -n 1p), podman: $(podman --version)"
bash "$support/images.sh" small "$LXR_TEST_CACHE/small" 2>/dev/null
image=oci:$LXR_TEST_CACHE/small:small
"$lxr" pull -q "$image" >/dev/null

# A bundle of the same root filesystem for crun.
mkdir -p "$work/bundle/rootfs"
"$lxr" create --name source --network none "$image" true >/dev/null
pid=$("$lxr" inspect source | jq '.[0].State.Pid')
cp -a "/proc/$pid/root/bin" "/proc/$pid/root/etc" "$work/bundle/rootfs/"
mkdir -p "$work/bundle/rootfs/"{proc,sys,dev,tmp}
"$lxr" rm -f source >/dev/null
(cd "$work/bundle" && crun spec && jq '.process.terminal=false | .process.args=["/bin/true"]' config.json >c && mv c config.json)
# A peer that only fails would look fast.
crun --cgroup-manager=disabled run -b "$work/bundle" "bench$$" || {
	echo "bench: crun does not run here (crun 1.8 on hybrid cgroups wants hugetlb mounted as v1)" >&2
	exit 1
}

echo
compare "process start" "$((runs * 4))" 0 "static hello-world" "$build/bench/floor_hello" -- "lxr version" "$lxr" version
echo
compare "run, no network, back to back" "$runs" 0 \
	"floor (clone, mounts, exec)" "$build/bench/floor_run" none "$work/bundle/rootfs" "$work/floor" /bin/true \
	-- "lxr run --rm --network none" "$lxr" run --rm --network none "$image" true \
	-- "crun run (no image, no overlay)" crun --cgroup-manager=disabled run -b "$work/bundle" "bench$$"
echo
compare "run, no network, 20 ms pauses" "$runs" 20 \
	"floor (clone, mounts, exec)" "$build/bench/floor_run" none "$work/bundle/rootfs" "$work/floor" /bin/true \
	-- "lxr run --rm --network none" "$lxr" run --rm --network none "$image" true \
	-- "crun run (no image, no overlay)" crun --cgroup-manager=disabled run -b "$work/bundle" "bench$$"
echo
compare "run, bridge" "$runs" 0 "lxr run --rm" "$lxr" run --rm "$image" true
echo
echo "batch of 200, bridge network:"
for _ in 1 2 3; do
	"$lxr" batch -n 200 --name bench "$image" sleep 1000 | sed 's/^/  /'
	unreachable=0
	for a in $("$lxr" ps --format json | jq -r .Address); do ping -q -c 1 -W 5 "$a" >/dev/null || unreachable=$((unreachable + 1)); done
	mapfile -t all < <("$lxr" ps -aq)
	begin=$EPOCHREALTIME
	"$lxr" rm -f "${all[@]}" >/dev/null
	echo "  unreachable from the host: $unreachable of 200; removed in $(echo "$EPOCHREALTIME - $begin" | bc | sed 's/^\./0./') s"
done
