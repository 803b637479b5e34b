#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds and runs lxr on Debian 13: in a root directory that mmdebstrap makes, on the kernel of the host. Needs root.
#   debian13.sh units    builds with Debian 13's g++ and runs the units; the root with its compiler cache stays in
#                        $LXR_TEST_CACHE
#   debian13.sh demo     runs `./setup demo` in a fresh root that has only Debian's minimal packages
set -euo pipefail
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${LXR_TEST_CACHE:-$sources/.cache}

make_root() { # DIR [PACKAGES]
	local mirror
	mirror=$(bash "$sources/tests/support/mirror.sh")
	mmdebstrap -q --variant=minbase --dpkgopt=force-unsafe-io ${2:+--include="$2"} trixie "$1" "$mirror"
}

# Runs a command in the sources, in a mount namespace of its own that has this root. The mounts vanish with it.
inside() { # DIR COMMAND
	unshare -m --propagation private bash "$0" enter "$1" "$2"
}

# Copies the sources to /src of the root, which is a tmpfs, and pivots. A chroot would not do: setns(2), with which
# `lxr exec` enters a container, leads out of it.
enter() { # DIR COMMAND
	local root=$1 d
	mount --bind "$root" "$root"
	for d in proc sys dev; do mount --rbind "/$d" "$root/$d"; done
	mkdir -p "$root/src" "$root/host"
	mount -t tmpfs -o mode=755 sources "$root/src"
	tar -C "$sources" --exclude=./build --exclude=./.cache --exclude=./.git -c . | tar -C "$root/src" -x
	cp -L /etc/resolv.conf "$root/etc/resolv.conf"
	cd "$root"
	pivot_root . host
	cd /src
	umount -l /host
	exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 bash -euc "$2"
}

units() {
	local root=$cache/debian13 packages
	packages=$(LXR_DEBIAN=13 "$sources/setup" packages build | paste -sd,),g++,nftables,ca-certificates
	if [ "$(cat "$root/etc/lxr-packages" 2>/dev/null)" != "$packages" ]; then
		mkdir -p "$cache"
		rm -rf "$root" "$root.new"
		make_root "$root.new" "$packages"
		echo "$packages" >"$root.new/etc/lxr-packages"
		mv -T "$root.new" "$root"
	fi
	inside "$root" 'cmake --preset gcc >/dev/null
		cmake --build build/gcc --target lxr lxr-image unit_tests cli_tests async_tests
		for tests in unit_tests cli_tests async_tests; do build/gcc/tests/$tests --gtest_brief=1; done'
}

demo() {
	local root
	root=$(mktemp -d "${TMPDIR:-/var/tmp}/lxr-debian13.XXXXXX")
	# shellcheck disable=SC2064 # this root
	trap "rm -rf --one-file-system '$root'" EXIT
	make_root "$root"
	inside "$root" './setup demo'
}

case ${1-} in
units | demo) "$1" ;;
enter) enter "$2" "$3" ;; # in the namespace that inside() makes
*)
	sed -n '3,6s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
