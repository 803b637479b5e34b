#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots Debian's own kernel in qemu, with cgroup v2 alone and lxr's programs in a small initramfs, and runs
# guest.sh there.
#   run.sh BINARIES LAYOUT [CACHE]     BINARIES holds lxr, lxr-image; LAYOUT is the small test image
# Exits 0 only when the guest reported that every check passed. The kernel is kept in CACHE.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binaries=$1 layout=$2 cache=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "$cache" ] || cache=$work/cache

modules=(virtio_pci virtio_blk ext4 overlay veth bridge nf_tables nft_chain_nat nft_masq)

fetch_kernel() {
	[ ! -e "$cache/kernel" ] || return 0
	local package
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | sed -n 1p)
	mkdir -p "$cache" "$work/kernel"
	(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$package" && dpkg-deb -x linux-image-*.deb kernel)
	rm -rf "$cache/kernel.new"
	mv "$work/kernel" "$cache/kernel.new"
	mv -T "$cache/kernel.new" "$cache/kernel"
}

make_initramfs() { # ROOT
	local root=$1
	mkdir -p "$root"/{bin,dev,etc,proc,sys,tmp,run,var,lxr,image,lib/modules,lib64}
	install -m 755 /bin/busybox "$root/bin/busybox"
	install -m 755 "$binaries"/lxr "$binaries"/lxr-image -t "$root/lxr"
	ldd "$binaries/lxr-image" | grep -o '/[^ ]*' | while read -r library; do # the others are static
		install -D -m 755 "$library" "$root$library"
	done
	cp -a "$layout/." "$root/image/"
	cp -a "$cache"/kernel/lib/modules/* "$root/lib/modules/"
	install -m 755 "$here/guest.sh" "$root/init"
	depmod -b "$root" "$(ls "$root/lib/modules")"
	keep_modules "$root"
	echo "${modules[*]}" >"$root/etc/modules"
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
timeout 240 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nographic -no-reboot -nodefaults \
	-serial stdio -monitor none \
	-kernel "$cache"/kernel/boot/vmlinuz-* -initrd "$work/initramfs" \
	-drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
	-append "console=ttyS0 quiet panic=-1 rdinit=/init" </dev/null | tee "$work/output"
grep -q '^guest: all checks passed' "$work/output"
