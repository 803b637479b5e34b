#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The main job, end to end: registry, pull, batch, exec, timeline, removal, census. usage: demo.sh DIR-OF-LXR
set -euo pipefail
lxr=$1/lxr
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d /tmp/lxr-demo.XXXXXX)
export LXR_ROOT=$work/root LXR_STATE=$work/state
mkdir -p "$LXR_ROOT" "$LXR_STATE"

finish() {
	status=$?
	mapfile -t left < <("$lxr" ps -aq 2>/dev/null)
	[ ${#left[@]} -eq 0 ] || "$lxr" rm -f "${left[@]}" >/dev/null
	bash "$support/registry.sh" stop "$work/registry" 2>/dev/null || true
	rm -rf "$work"
	exit $status
}
trap finish EXIT

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() {
	printf '$ %s\n' "$*" | sed "s#$lxr#lxr#g"
	"$@"
}

say "1. a real registry on a free loopback port, and a multi-layer image made of Debian's busybox"
bash "$support/images.sh" small "$work/layout" 2>/dev/null
read -r port _ < <(bash "$support/registry.sh" start "$work/registry")
bash "$support/images.sh" push-small "$work/layout" "127.0.0.1:$port" >/dev/null
image=127.0.0.1:$port/small:latest
echo "registry: 127.0.0.1:$port, image: $image"
bash "$support/census.sh" "$LXR_ROOT" "$LXR_STATE" >"$work/before"

say "2. pull it through HTTP"
show "$lxr" pull "$image"
show "$lxr" images

say "3. fifty containers, each with its own address, root filesystem and log"
show "$lxr" batch -n 50 --name demo "$image" sh -c 'echo I am $(hostname) at $(hostname -i); exec sleep 1000'
"$lxr" ps | sed -n '1,5p'
echo "... $("$lxr" ps -q | wc -l) containers run"
[ "$("$lxr" ps -q | wc -l)" -eq 50 ]

say "4. inside one"
show "$lxr" exec demo-7 sh -c 'cat /etc/image 2>/dev/null; hostname; ip -4 addr show eth0 | grep inet'
show "$lxr" logs demo-7
one=$("$lxr" inspect demo-1 | jq -r '.[0].NetworkSettings.IPAddress')
"$lxr" exec demo-1 httpd -p 80 -h /etc
show "$lxr" exec demo-2 wget -q -O - "http://$one/image"
show ping -c 1 -W 2 "$one"

say "5. the timeline of one start"
show "$lxr" run --rm --timing "$image" true

say "6. remove everything"
mapfile -t all < <("$lxr" ps -aq)
time "$lxr" rm -f "${all[@]}" >/dev/null

say "7. nothing is left: links, network namespaces, mounts, cgroups, nft tables, processes, files"
bash "$support/census.sh" "$LXR_ROOT" "$LXR_STATE" "$work/before"
echo "the census is as it was before"
