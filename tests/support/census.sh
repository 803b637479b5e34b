#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What lxr may leave on a host, as sorted lines; two censuses are compared with diff.
#   census.sh ROOT STATE             print it
#   census.sh ROOT STATE FILE        wait (at most 15 s) until it equals FILE; print the difference and fail otherwise
# Links, network namespaces, mounts, cgroups, nft tables, processes, and files of containers.
set -euo pipefail
root=$1 state=$2

census() {
	ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/link \1/'
	for ns in /proc/[0-9]*/ns/net; do readlink "$ns" 2>/dev/null || true; done | sort -u | sed 's/^/netns /'
	sed -E 's/^[0-9]+ [0-9]+ [0-9:]+ /mount /' /proc/self/mountinfo
	find /sys/fs/cgroup -type d -name 'lxr*' 2>/dev/null | sed 's/^/cgroup /'
	nft list tables 2>/dev/null | sed 's/^/nft /'
	for exe in /proc/[0-9]*/exe; do readlink "$exe" 2>/dev/null || true; done |
		grep -E '/lxr(-init|-image)?( \(deleted\))?$' | sed 's/^/process /' || true
	find "$root/containers" "$root/trash" "$root/ingest" "$state/containers" "$state/names" -mindepth 1 2>/dev/null |
		sed 's/^/file /' || true
}

if [ $# -lt 3 ]; then
	census | LC_ALL=C sort
	exit
fi
deadline=$((SECONDS + 15))
while ! difference=$(diff "$3" <(census | LC_ALL=C sort)); do
	if [ $SECONDS -ge $deadline ]; then
		printf 'left behind:\n%s\n' "$difference" >&2
		exit 1
	fi
	sleep 0.1
done
