#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds lxr for arm64 with the preset `arm64`, against Debian 12's arm64 packages extracted in $LXR_TEST_CACHE/arm64,
# so that the dpkg of the host knows nothing of it. Then runs the units under qemu-user, and in a virtual arm64 machine
# guest.sh (which pulls, runs, executes and batches) and the units that not_under_qemu_user.txt names.
#   arm64.sh [build|units|machine]    only this step; each needs the ones before it
set -euo pipefail
sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${LXR_TEST_CACHE:-$sources/.cache}
export LXR_ARM64_ROOT=$cache/arm64
binaries=$sources/build/arm64
emulator=(qemu-aarch64-static -L "$LXR_ARM64_ROOT")

# The libraries that a build needs, a C++ library, and what the virtual machine boots.
make_root() {
	local packages
	packages=$(LXR_DEBIAN=12 "$sources/setup" packages build | grep -e '-dev$' | grep -v benchmark | paste -sd,)
	packages+=,libstdc++-12-dev,busybox-static,linux-image-cloud-arm64
	[ "$(cat "$LXR_ARM64_ROOT/packages" 2>/dev/null)" != "$packages" ] || return 0
	mkdir -p "$cache"
	rm -rf "$LXR_ARM64_ROOT" "$LXR_ARM64_ROOT.new"
	mmdebstrap -q --variant=extract --architectures=arm64 --include="$packages" bookworm "$LXR_ARM64_ROOT.new" \
		"$(bash "$sources/tests/support/mirror.sh")"
	rm -rf "$LXR_ARM64_ROOT.new"/{dev,etc,tmp,var} # qemu-user would see these in the place of the host's
	echo "$packages" >"$LXR_ARM64_ROOT.new/packages"
	mv -T "$LXR_ARM64_ROOT.new" "$LXR_ARM64_ROOT"
}

# Prints the patterns of the tests that run in one place, or everywhere but under qemu-user, as GoogleTest's filter.
tests_of() { # machine|nowhere|
	awk -v where="$1" '!/^#/ && (where == "" || $2 == where) {print $1}' \
		"$sources/tests/platform/not_under_qemu_user.txt" | paste -sd:
}

build() {
	make_root
	cd "$sources"
	cmake --preset arm64 >/dev/null
	cmake --build build/arm64 --target lxr lxr-image unit_tests cli_tests
}

units() {
	"${emulator[@]}" "$binaries/tests/unit_tests" --gtest_brief=1 --gtest_filter="-$(tests_of '')"
	"${emulator[@]}" "$binaries/tests/cli_tests" --gtest_brief=1
}

machine() {
	ARCH=arm64 BUSYBOX=$LXR_ARM64_ROOT/bin/busybox EMULATOR=qemu-aarch64-static \
		bash "$sources/tests/support/images.sh" small "$cache/small-arm64"
	bash "$sources/tests/vm/run.sh" "$binaries" "$cache/small-arm64" --arm64 "$LXR_ARM64_ROOT" \
		"$(tests_of machine):-$(tests_of nowhere)"
}

case ${1-all} in
all)
	build
	units
	machine
	;;
build | units | machine) "$1" ;;
*)
	sed -n '3,6s/^# \{0,1\}//p' "$0"
	exit 2
	;;
esac
