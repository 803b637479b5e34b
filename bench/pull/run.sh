#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The table of issue "pull at the limit": floor, lxr and peers, interleaved in one run. Called by
# `./setup bench pull [quick]`.
#   run.sh DIR-OF-LXR [quick]     quick: two rounds, the golang image against the floor and podman, and the small one,
#                                 also over a slow link
# Results: DIR/bench-pull.json (rows, figures with verdicts, every run), DIR/bench-pull.txt (the same as a table),
# DIR/bench-pull.svg (the spans of one pull).
set -euo pipefail
build=$(cd "$1" && pwd) mode=${2:-full}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
support=$here/../../tests/support
work=$(mktemp -d /var/tmp/lxr-bench.XXXXXX)
cache=${LXR_TEST_CACHE:-$here/../../.cache}
trixie=$cache/trixie
runs=$work/runs.jsonl
failed=
mkdir -p "$cache"
: >"$runs"
chattr +T "$work" 2>/dev/null || : # each store begins in another part of an ext4: see README, "How a pull is measured"
# shellcheck source-path=SCRIPTDIR source=contestants.sh
source "$here/contestants.sh"

finish() {
	bash "$support/registry.sh" stop "$work/registry" 2>/dev/null || true
	rm -rf --one-file-system "$work"
}
trap finish EXIT
say() { printf '\n== %s\n' "$*" >&2; }
new_store() { mktemp -d "$work/store.XXXXXXXX"; }

prepare() {
	bash "$support/images.sh" small "$cache/small" 2>/dev/null
	bash "$support/images.sh" golang "$cache/golang"
	read -r port _ < <(bash "$support/registry.sh" start "$work/registry")
	host=127.0.0.1:$port
	bash "$support/images.sh" push-small "$cache/small" "$host"
	bash "$support/images.sh" push-golang "$cache/golang" "$host"
	[ "$mode" = quick ] && return
	say "making images and a chroot of the newest Debian release"
	local names=(golang-zstd depth-1 depth-10 depth-40 depth-100 huge eight-{1..8}) n
	bash "$here/images.sh" "$cache" "${names[@]}"
	for n in "${names[@]}"; do bash "$here/images.sh" push "$cache" "$n" "$host"; done
	[ -d "$trixie" ] || { # with what podman, containerd and skopeo need for a pull
		mmdebstrap -q --variant=minbase --include=ca-certificates,podman,containerd,skopeo,umoci \
			trixie "$trixie.tmp" "$(bash "$support/mirror.sh")" >&2
		mv "$trixie.tmp" "$trixie"
	}
}

record() { # IMAGE CONTESTANT JSON
	jq -c --arg i "$1" --arg c "$2" '{image: $i, contestant: $c} + .' <<<"$3" >>"$runs"
}

# Every contestant once in each round, in another order each time; stores are deleted between, off the clock.
rounds() { # IMAGE ROUNDS CONTESTANT...
	local image=$1 count=$2 round c store m
	shift 2
	say "$image: $*"
	for ((round = 0; round <= count; round++)); do
		for c in $(printf '%s\n' "$@" | shuf); do
			[ "$round" = 0 ] && [[ $c != floor && $c != lxr ]] && continue # warms the registry's files up
			store=$(new_store)
			sync -f "$store"
			m=$(contest "$c" "$store" "$image" 2>>"$work/log") || {
				echo "bench: $c does not pull $image:" >&2
				tail -3 "$work/log" >&2
				m=
				failed=$failed' '$c
			}
			rm -rf --one-file-system "$store"
			[ "$round" = 0 ] || [ -z "$m" ] || record "$image" "$c" "$m"
		done
	done
}

# What is there already, and a slow link.
small_scenarios() {
	local store round proxy_port c m
	store=$(new_store)
	lxr_pull "$store" "$host/small:latest" LXR_STORE_DRIVER=erofs >/dev/null 2>&1
	for round in 1 2 3 4 5; do
		record present lxr "$(lxr_pull "$store" "$host/small:latest" LXR_STORE_DRIVER=erofs 2>/dev/null)"
	done
	rm -rf "$store"
	coproc proxy { "$build/bench/delay_proxy" "$port" 40; }
	read -r proxy_port <&"${proxy[0]}"
	local direct=$host
	host=127.0.0.1:$proxy_port
	store=$(new_store)
	lxr_pull "$store" "$host/small:latest" >/dev/null 2>&1
	for round in 1 2 3; do record present-40ms lxr "$(lxr_pull "$store" "$host/small:latest" 2>/dev/null)"; done
	rm -rf "$store"
	say "small over a link of 40 ms"
	for round in 1 2 3; do
		for c in $(printf '%s\n' lxr "$@" | shuf); do
			store=$(new_store)
			m=$(contest "$c" "$store" small 2>>"$work/log") && record small-40ms "$c" "$m" ||
				echo "bench: $c does not pull over the slow link" >&2
			rm -rf --one-file-system "$store"
		done
	done
	host=$direct
	eval "exec ${proxy[1]}>&-"
}

# Of a container in the background of the process that is measured nothing is known but the time.
time_alone() { jq -c '{wall_ms}' <<<"$1"; }

# From the registry to the end of a program that prints one line.
cold_run() {
	local store round
	say "run go version: cold, pull, local"
	for round in 1 2 3; do
		store=$(new_store)
		record run-cold lxr "$(time_alone "$("$build/bench/measure" \
			"$build/lxr" --root "$store/root" --state "$store/state" \
			run -q --rm "$host/golang:latest" go version 2>>"$work/log")")"
		record run-local lxr "$(time_alone "$("$build/bench/measure" \
			"$build/lxr" --root "$store/root" --state "$store/state" \
			run -q --rm "$host/golang:latest" go version 2>>"$work/log")")"
		rm -rf "$store"
		store=$(new_store)
		record run-pull lxr "$(lxr_pull "$store" "$host/golang:latest" 2>>"$work/log")"
		rm -rf "$store"
	done
}

# Eight images without common layers: one after the other, and all at once.
eight() {
	local store round begin i
	say "eight images"
	for round in 1 2 3; do
		for how in serial parallel; do
			store=$(new_store)
			begin=$EPOCHREALTIME
			local pids=()
			for i in 1 2 3 4 5 6 7 8; do
				"$build/lxr" --root "$store/root" --state "$store/state" pull -q "$host/eight-$i:latest" >/dev/null &
				pids+=($!)
				[ "$how" = parallel ] || wait $!
			done
			for i in "${pids[@]}"; do wait "$i"; done
			record eight "$how" "{\"wall_ms\": $(echo "($EPOCHREALTIME - $begin) * 1000" | bc)}"
			rm -rf "$store"
		done
	done
}

picture() {
	local store
	store=$(new_store)
	"$build/lxr" --root "$store/root" --state "$store/state" pull -q --trace "$work/trace" "$host/golang:latest" >/dev/null
	jq -r -f "$here/spans.jq" "$work/trace" >"$build/bench-pull.svg"
	rm -rf "$store"
}

prepare
newest=(podman-13 containerd-13 skopeo-umoci-13)
if [ "$mode" = quick ]; then
	rounds golang 2 floor lxr igzip-tar lxr-directories podman
	rounds small 3 floor lxr podman
	small_scenarios podman containerd skopeo-umoci
else
	rounds golang 3 floor lxr lxr-unsynced igzip-tar lxr-directories lxr-directories-unsynced \
		podman containerd skopeo-umoci "${newest[@]}"
	rounds golang-zstd 3 floor lxr lxr-directories podman containerd podman-13 containerd-13
	for image in small depth-40 huge; do
		rounds "$image" 3 floor lxr lxr-directories podman containerd skopeo-umoci "${newest[@]}"
	done
	for image in depth-1 depth-10 depth-100; do rounds "$image" 3 lxr lxr-directories; done
	small_scenarios podman containerd skopeo-umoci "${newest[@]}"
	eight
fi
cold_run
picture
{
	echo "machine: $(nproc) cores, $(uname -r), $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2-)," \
		"$(findmnt -nro FSTYPE -T "$work"), registry on loopback"
	echo "bookworm: $(podman --version), $(containerd --version | cut -d' ' -f1-3)," \
		"umoci $(umoci --version | cut -d' ' -f3)"
	[ "$mode" = quick ] ||
		echo "newest (-13): $(chroot "$trixie" dpkg-query -W -f '${Package} ${Version} ' podman containerd umoci)"
	echo "durable: lxr, lxr-directories, floor. Not synced: lxr-unsynced, lxr-directories-unsynced, igzip-tar, all peers"
} | jq -R . | jq -s --slurpfile runs "$runs" '{machine: ., runs: $runs}' |
	jq -f "$here/figures.jq" >"$build/bench-pull.json"
jq -r -f "$here/table.jq" "$build/bench-pull.json" | tee "$build/bench-pull.txt"
[[ $failed != *lxr* && $failed != *floor* ]] # peers may be missing
