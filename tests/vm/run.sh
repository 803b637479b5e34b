#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots Debian's own kernel in qemu, with cgroup v2 alone and lxr's programs in a small initramfs, and runs
# guest.sh there.
#   run.sh BINARIES LAYOUT CACHE          an x86-64 machine; the kernel is kept in CACHE
#   run.sh BINARIES LAYOUT --arm64 ROOT UNITS   an arm64 machine; kernel, busybox and libraries come from ROOT, a
#                                         directory of Debian's arm64 packages; UNITS is GoogleTest's filter of the
#                                         units that the machine runs as well
# BINARIES holds lxr and lxr-image; LAYOUT is the small test image. Exits 0 only when the guest reported that
# every check passed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binaries=$1 layout=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# `packages` is the root directory that busybox and libraries come from, `kernel` has the kernel's boot and lib/modules.
if [ "$3" = --arm64 ]; then
	packages=$4 kernel=$4 console=ttyAMA0 units=$5
	machine=(qemu-system-aarch64 -machine virt -cpu cortex-a72)
	loader=(qemu-aarch64-static -L "$packages" -E LD_TRACE_LOADED_OBJECTS=1)
else
	packages='' kernel=$3/kernel console=ttyS0 units=''
	machine=(qemu-system-x86_64 -cpu max)
	loader=(ldd)
fi
modules=(virtio_pci virtio_blk ext4 overlay veth bridge nf_tables nft_chain_nat nft_masq nft_nat nft_ct
	nft_fib_inet nft_reject_inet)

fetch_kernel() {
	[ ! -e "$kernel" ] || return 0
	local package
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | sed -n 1p)
	mkdir -p "${kernel%/*}" "$work/kernel"
	(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package" && dpkg-deb -x linux-image-*.deb kernel)
	rm -rf "$kernel.new"
	mv "$work/kernel" "$kernel.new"
	mv -T "$kernel.new" "$kernel"
}

make_initramfs() { # ROOT
	local root=$1
	mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,run,var,lxr,image,lib/modules,lib64}
	install -m 755 "$packages/bin/busybox" "$root/bin/busybox"
	install -m 755 "$binaries"/lxr "$binaries"/lxr-image -t "$root/lxr"
	add_libraries "$root" "$binaries/lxr-image" # the others are static
	if [ -n "$units" ]; then
		install -m 755 "$binaries/tests/unit_tests" -t "$root/lxr"
		add_libraries "$root" "$binaries/tests/unit_tests"
		echo "$units" >"$root/etc/units"
	fi
	cp -a "$layout/." "$root/image/"
	cp -a "$kernel"/lib/modules/* "$root/lib/modules/"
	install -m 755 "$here/guest.sh" "$root/init"
	depmod -b "$root" "$(ls "$root/lib/modules")"
	keep_modules "$root"
	echo "${modules[*]}" >"$root/etc/modules"
}

add_libraries() { # ROOT PROGRAM
	local library
	"${loader[@]}" "$2" | grep -o '/[^ ]*' | while read -r library; do
		install -D -m 755 "$packages$library" "$1$library"
	done
}

# Only the modules asked for, and what they depend on.
keep_modules() { # ROOT
	local root=$1 base module
	base=$root/lib/modules/$(ls "$root/lib/modules")
	for module in "${modules[@]}"; do
		modprobe -d "$root" -S "${base##*/}" --show-depends "$module" | awk '$1 == "insmod" {print $2}'
	done | sort -u >"$work/keep"
	find "$base" -name '*.ko*' | grep -vxFf "$work/keep" | xargs rm -f
	depmod -b "$root" "${base##*/}"
}

fetch_kernel
make_initramfs "$work/root"
(cd "$work/root" && find . | cpio -o -H newc --quiet | zstd -q -1 -T0 >"$work/initramfs")
truncate -s 1G "$work/disk"
mke2fs -q -t ext4 "$work/disk"
timeout 600 "${machine[@]}" -accel tcg,thread=multi -smp 2 -m 1024 -nographic -no-reboot -nodefaults \
	-serial stdio -monitor none \
	-kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initramfs" \
	-drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
	-append "console=$console quiet panic=-1 rdinit=/init" </dev/null | tee "$work/output"
grep -q '^guest: all checks passed' "$work/output"
