#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Test images as OCI layouts, from Debian packages only. Needs root (mknod, chown).
#   images.sh small DIR            layout DIR with tags small, small-zstd, small-none (the same
#                                  layers as gzip, zstd, plain tar), small-config, small-multi; of another
#                                  architecture when ARCH names it, BUSYBOX its busybox and EMULATOR what runs that
#   images.sh golang DIR           layout DIR with tag golang
#   images.sh push-small DIR HOST:PORT    to that http registry, also docker v2s2 versions
#   images.sh push-golang DIR HOST:PORT
# A DIR that is there already is complete and left as it is (delete it to build anew).
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8 TZ=UTC
umask 022
GZ_LEVEL=${GZ_LEVEL:-1}
EPOCH=1700000000 # time in the images; small has the same digests at each build
OCI=application/vnd.oci.image
# No atime and ctime, no pid in the headers' names: reproducible.
PAX='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ARCH=${ARCH:-amd64}
SUITE=bookworm

die() {
	echo "images.sh: $*" >&2
	exit 1
}

step() { # time so far and a name, on stderr
	printf '%4ss %s\n' "$SECONDS" "$*" >&2
}

# ---- OCI layout, by hand: quicker than umoci, and any compression ----

# Moves the file in as a blob; prints its descriptor.
blob() { # LAYOUT FILE MEDIATYPE
	local sum size
	sum=$(sha256sum <"$2")
	sum=${sum%% *}
	size=$(stat -c %s "$2")
	mv -f "$2" "$1/blobs/sha256/$sum"
	printf '{"mediaType":"%s","digest":"sha256:%s","size":%s}\n' "$3" "$sum" "$size"
}

# Reads a tar on stdin, adds it as a layer; prints {desc, diff_id}.
layer() { # LAYOUT gzip|zstd|none
	local tmp type cmd pid diff desc
	case $2 in
	gzip) cmd=(pigz -n -c "-$GZ_LEVEL") type=tar+gzip ;; # -n: no name, no time
	zstd) cmd=(zstd -q -c -3 -T0) type=tar+zstd ;;
	none) cmd=(cat) type=tar ;;
	esac
	tmp=$1/tmp.$BASHPID
	mkfifo "$tmp.fifo"
	"${cmd[@]}" <"$tmp.fifo" >"$tmp" &
	pid=$!
	diff=$(tee "$tmp.fifo" | sha256sum)
	wait "$pid"
	rm "$tmp.fifo"
	desc=$(blob "$1" "$tmp" "$OCI.layer.v1.$type")
	printf '{"desc":%s,"diff_id":"sha256:%s"}\n' "$desc" "${diff%% *}"
}

# Adds config and manifest of the layers (lines of layer()); prints the descriptor
# with the platform.
image() { # LAYOUT ARCH CONFIG-JSON LAYERS
	local tmp=$1/tmp.$BASHPID created config layers
	created=$(date -u -d "@$EPOCH" +%FT%TZ)
	layers=$(jq -sc . <<<"$4")
	jq -jnSc --arg a "$2" --arg t "$created" --argjson c "$3" --argjson l "$layers" \
		'{created: $t, architecture: $a, os: "linux", config: $c,
		  rootfs: {type: "layers", diff_ids: [$l[].diff_id]},
		  history: [$l[] | {created: $t, created_by: "images.sh"}]}' >"$tmp"
	config=$(blob "$1" "$tmp" "$OCI.config.v1+json")
	jq -jnSc --arg m "$OCI.manifest.v1+json" --argjson c "$config" --argjson l "$layers" \
		'{schemaVersion: 2, mediaType: $m, config: $c, layers: [$l[].desc]}' >"$tmp"
	blob "$1" "$tmp" "$OCI.manifest.v1+json" |
		jq -c --arg a "$2" '.platform = {architecture: $a, os: "linux"}'
}

# Reads descriptors on stdin, prints an index.
index() {
	jq -jsSc --arg m "$OCI.index.v1+json" '{schemaVersion: 2, mediaType: $m, manifests: .}'
}

tagged() { # TAG DESCRIPTOR
	jq -c --arg n "$1" '.annotations = {"org.opencontainers.image.ref.name": $n}' <<<"$2"
}

new_layout() { # LAYOUT
	mkdir -p "$1/blobs/sha256"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
}

# ---- small ----

# All below the directory, in this order of names, without "./" and the root itself.
names() {
	find . -mindepth 1 -printf '%P\0' | sort -z
}

small_layer1() { # TREE
	local bb=${BUSYBOX:-/bin/busybox} applet
	mkdir -p "$1"/{bin,dev,etc,home/app,proc,root,run,sys,tmp,usr/bin,var/tmp}
	if [ -z "${BUSYBOX-}" ] &&
		! dpkg-query -W -f '${db:Status-Status}' busybox-static 2>/dev/null | grep -qx installed; then
		(cd "$1/.." && apt-get -qq -o APT::Sandbox::User=root download busybox-static &&
			dpkg-deb -x busybox-static_*.deb bb)
		bb=$1/../bb/bin/busybox
	fi
	install -m 755 "$bb" "$1/bin/busybox"
	for applet in $(${EMULATOR-} "$bb" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	ln -s ../../bin/env "$1/usr/bin/env"
	chmod 1777 "$1/tmp" "$1/var/tmp"
	chmod 700 "$1/root"
	chown 1000:1000 "$1/home/app"
	printf '%s\n' root:x:0:0:root:/root:/bin/sh app:x:1000:1000:app:/home/app:/bin/sh \
		nobody:x:65534:65534:nobody:/nonexistent:/bin/false >"$1/etc/passwd"
	printf '%s\n' root:x:0: app:x:1000: extra:x:2000:app nogroup:x:65534: >"$1/etc/group"
	echo small >"$1/etc/image"
}

small_layer2() { # TREE
	local d long
	mkdir -p "$1"/{data,opt/{dir,late,gone/sub,d2f},meta,www}
	cd "$1"
	echo a >data/a
	ln data/a data/a-link # must outlive the removal of data/a
	echo b >data/b
	echo x >opt/dir/x
	echo y >opt/dir/y
	echo old >opt/late/old
	echo f >opt/gone/sub/f
	echo file >opt/f2d # becomes a directory in layer 3
	echo f >opt/d2f/f  # becomes a file
	echo 'hello from small' >www/index.html
	cd meta
	echo hard >hard1
	ln hard1 hard2
	ln hard1 hard3
	echo xattr >xattr # user.test comes in the tar
	echo cap >cap
	echo setuid >setuid
	echo none >mode0
	: >empty
	mkdir setgid
	mkfifo fifo
	mknod null c 1 3
	ln -s /data/b abs
	ln -s ../data/b rel
	ln -s /nonexistent dangling
	echo s >'with space'
	echo u >'ünïcödé-☃-日本'
	echo n >$'new\nline'
	echo l >'-leading "quote'\''\backslash'
	long=$(printf 'n%.0s' {1..120})
	echo 120 >"$long"
	ln -s "/$long/$long" longlink
	d=$(printf '%s/' deep-directory-{1..20}) # 320 characters
	mkdir -p "$d"
	echo deep >"$d/file"
	echo m >mtime-ns
	echo m >mtime-neg
	echo i >bigid
	find "$1" -exec touch -h -d "@$EPOCH" {} +
	touch -d "@$EPOCH.5" xattr # tar writes the xattr option only into a header it needs anyway
	touch -d @1234567890.123456789 mtime-ns
	touch -d @-1.5 mtime-neg
	chown 3000000:4000000 bigid # > 2097151: not octal in the header
	chmod 4755 setuid
	chmod 2775 setgid
	chmod 0 mode0
	setcap cap_net_raw+ep cap
}

small_layer3() { # TREE
	mkdir -p "$1"/{data,opt/{dir,late,f2d}}
	cd "$1"
	: >data/.wh.a
	: >opt/.wh.gone
	: >opt/dir/.wh..wh..opq
	echo z >opt/dir/z
	: >opt/late/.wh..wh..opq
	echo new >opt/late/aaa
	echo now >opt/f2d/now
	echo now >opt/d2f
}

small() { # DIR
	local out=$1 work t c l layers config desc all=''
	local tar=(tar --format=pax --numeric-owner --no-recursion --null -T -)
	if [ -e "$out" ]; then return 0; fi
	work=$out.tmp.$$
	# shellcheck disable=SC2064
	trap "rm -rf '$work'" EXIT
	mkdir -p "$work"/{1,2,3}
	work=$(cd "$work" && pwd)
	for l in 1 2 3; do
		("small_layer$l" "$work/$l")
		[ $l = 2 ] || find "$work/$l" -exec touch -h -d "@$EPOCH" {} +
	done
	# Layer 1: "./" before the names, and an entry of the root.
	(cd "$work/1" && find . -print0 | sort -z | "${tar[@]}" --pax-option="$PAX" -cf ../1.tar)
	# Layer 2: a user xattr by header only, so the file system need not have it.
	(
		cd "$work/2"
		names | grep -zvx meta/xattr |
			"${tar[@]}" --xattrs --xattrs-include=security.capability --pax-option="$PAX" -cf ../2.tar
		# Not -r: that writes ustar when the archive's last header is such.
		printf 'meta/xattr\0' | "${tar[@]}" --pax-option="$PAX,SCHILY.xattr.user.test:=hello" -cf ../2x.tar
		tar -Af ../2.tar ../2x.tar
	)
	# Layer 3: the opaque mark of opt/late comes after its new file.
	(cd "$work/3" && { names | grep -zvx opt/late/.wh..wh..opq && printf 'opt/late/.wh..wh..opq\0'; } |
		"${tar[@]}" --pax-option="$PAX" -cf ../3.tar)
	mkdir -p "$work/arm/etc"
	echo arm64 >"$work/arm/etc/arch"
	touch -d "@$EPOCH" "$work/arm/etc" "$work/arm/etc/arch"
	(cd "$work/arm" && names | "${tar[@]}" --pax-option="$PAX" -cf ../arm.tar)

	new_layout "$work/oci"
	config='{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"Cmd":["/bin/sh"]}'
	for c in zstd none gzip; do
		layers=$(for l in 1 2 3; do layer "$work/oci" $c <"$work/$l.tar"; done)
		desc=$(image "$work/oci" "$ARCH" "$config" "$layers")
		[ $c = gzip ] && t=small || t=small-$c
		all+=$(tagged "$t" "$desc")$'\n'
	done
	# The last loop's gzip layers go on:
	layers+=$'\n'$(layer "$work/oci" gzip <"$work/arm.tar")
	{
		echo "$desc"
		image "$work/oci" arm64 "$config" "$layers" | jq -c '.platform.variant = "v8"'
	} | index >"$work/idx"
	all+=$(tagged small-multi "$(blob "$work/oci" "$work/idx" "$OCI.index.v1+json")")$'\n'
	layers=$(head -n 3 <<<"$layers")
	config=$(jq -c '. + {Entrypoint: ["/bin/echo", "hello"], Cmd: ["world"], WorkingDir: "/work",
		User: "app", StopSignal: "SIGUSR1", Env: (.Env + ["FOO=bar"]),
		ExposedPorts: {"80/tcp": {}}, Labels: {"org.example.test": "small"}}' <<<"$config")
	all+=$(tagged small-config "$(image "$work/oci" "$ARCH" "$config" "$layers")")
	index <<<"$all" >"$work/oci/index.json"
	mv -T "$work/oci" "$out"
}

# --preserve-digests, or skopeo (1.9) compresses plain layers, or puts in their place what
# its blob info cache knows to be the same.
skopeo_copy() {
	skopeo --insecure-policy copy -q --src-tls-verify=false --dest-tls-verify=false "$@"
}

# Tags of the repository small: latest, zstd, none, config, multi, and v2s2, v2s2-config,
# v2s2-multi (a docker manifest list) with docker's media types.
push_small() { # DIR HOST:PORT
	local t to=docker://$2/small
	skopeo_copy --preserve-digests "oci:$1:small" "$to:latest"
	for t in zstd none config; do
		skopeo_copy --preserve-digests "oci:$1:small-$t" "$to:$t"
	done
	skopeo_copy --preserve-digests --all "oci:$1:small-multi" "$to:multi"
	skopeo_copy --format v2s2 "oci:$1:small" "$to:v2s2"
	skopeo_copy --format v2s2 "oci:$1:small-config" "$to:v2s2-config"
	skopeo_copy --format v2s2 --all "oci:$1:small-multi" "$to:v2s2-multi"
}

# ---- golang ----

# Like docker.io's golang (buildpack-deps:scm, then Go), with more to be as large.
GO_LAYER2=(ca-certificates curl g++ gcc git gnupg libc6-dev make mercurial netbase
	openssh-client pkg-config procps subversion wget)
GO_LAYER3=(golang golang-golang-x-tools gccgo-12 libboost1.74-dev)

# Lazily: the kernel closes the last files of a dead process a little after its parent knows
# of the death, and a mount is busy that long.
detach() { # MOUNTPOINT...
	umount -l "$@"
}

# apt-get install in the tree; what is mounted here stays out of the layers.
go_install() { # WORK ROOT PACKAGE...
	local work=$1 root=$2
	shift 2
	mount --bind "$work/lists" "$root/var/lib/apt/lists"
	mount -t tmpfs tmpfs "$root/var/cache/apt"
	mkdir -p "$root/var/cache/apt/archives/partial"
	mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
	mount -t tmpfs tmpfs "$root/run"
	mount -t tmpfs tmpfs "$root/tmp"
	mount -t proc proc "$root/proc"
	mount --bind /dev "$root/dev"
	# In a pid namespace: what the packages' scripts leave behind is dead when apt-get is.
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		unshare --pid --fork chroot "$root" apt-get -qq -y --no-install-recommends -o APT::Sandbox::User=root \
		-o Acquire::Check-Valid-Until=false -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-unsafe-io -o Dir::Log=/tmp \
		install "$@" </dev/null >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "apt-get install failed"
	}
	detach "$root"/{var/lib/apt/lists,var/cache/apt,etc/resolv.conf,run,tmp,proc,dev}
	: >"$root/var/log/dpkg.log"
	: >"$root/var/log/alternatives.log"
}

# Layer of a tree. Of an overlayfs upper directory, the whiteouts (char devices, there are
# no others: /dev is mounted over) go as .wh. files; the tree is in use as a lower
# directory meanwhile, so it is only read. Its opaque marks need no .wh..wh..opq here: they
# are on new directories only.
go_layer() { # LAYOUT TREE base|upper
	local white=()
	mkdir "$2.wh"
	if [ "$3" = upper ]; then
		white=(! -type c)
		(cd "$2" && find . -type c -printf '%h/.wh.%f\0') |
			(cd "$2.wh" && while IFS= read -rd "" f; do mkdir -p "${f%/*}" && : >"$f"; done)
	fi
	(cd "$2" && find . "${white[@]}" -print0 | sort -z) >"$2.list"
	(cd "$2.wh" && find . -type f -print0) >"$2.wh.list"
	tar --format=pax --numeric-owner --no-recursion --null \
		--xattrs --xattrs-include=security.capability --pax-option="$PAX" \
		-c -C "$2" -T "$2.list" -C "$2.wh" -T "$2.wh.list" | layer "$1" gzip
}

golang() { # DIR
	local out=$1 work opts config layers desc version i mirror pids=()
	if [ -e "$out" ]; then return 0; fi
	if [ "${IMAGES_UNSHARED-}" != 1 ]; then
		# All mounts vanish with this mount namespace, however it ends.
		IMAGES_UNSHARED=1 exec unshare -m --propagation private "$BASH" "$0" golang "$out"
	fi
	work=$out.tmp.$$
	mkdir -p "$work"
	work=$(cd "$work" && pwd)
	# shellcheck disable=SC2064
	trap "kill \$(jobs -p) 2>/dev/null || true; 
		findmnt -rno TARGET | grep -F '$work/' | sort -r | xargs -r umount -l || true
		rm -rf --one-file-system '$work'" EXIT
	mkdir "$work"/{lists,root,2,2w,3,3w,4}
	new_layout "$work/oci"

	mirror=$(bash "$support/mirror.sh")
	mmdebstrap -q --mode=root --variant=minbase --skip=cleanup/apt/lists \
		--dpkgopt=force-unsafe-io --aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='Acquire::Languages "none"' "$SUITE" "$work/1" "$mirror" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		die "mmdebstrap failed"
	}
	mv "$work/1/var/lib/apt/lists"/* "$work/lists/"
	: >"$work/1/etc/resolv.conf"
	: >"$work/1/etc/hostname"
	step "layer 1: mmdebstrap"

	# Each layer is packed while the next one is being installed.
	opts=redirect_dir=off,metacopy=off,index=off
	mount -t overlay -o "$opts,lowerdir=$work/1,upperdir=$work/2,workdir=$work/2w" overlay "$work/root"
	go_layer "$work/oci" "$work/1" base >"$work/1.json" &
	pids+=($!)
	go_install "$work" "$work/root" "${GO_LAYER2[@]}"
	detach "$work/root"
	step "layer 2: apt-get"

	mount -t overlay -o "$opts,lowerdir=$work/2:$work/1,upperdir=$work/3,workdir=$work/3w" overlay "$work/root"
	go_layer "$work/oci" "$work/2" upper >"$work/2.json" &
	pids+=($!)
	go_install "$work" "$work/root" "${GO_LAYER3[@]}"
	read -r _ _ version _ < <(chroot "$work/root" /usr/bin/go version) # go version go1.19.8 linux/amd64
	[ -n "$version" ] || die "go does not run"
	detach "$work/root"
	step "layer 3: apt-get ($version)"

	mkdir -p "$work"/4/go/{bin,src} "$work/4/usr/local"
	chmod 1777 "$work"/4/go "$work"/4/go/{bin,src}
	ln -s ../lib/go "$work/4/usr/local/go"
	go_layer "$work/oci" "$work/4" upper >"$work/4.json"
	go_layer "$work/oci" "$work/3" upper >"$work/3.json"
	for i in "${pids[@]}"; do wait "$i"; done
	step "layers packed"

	config=$(jq -nc --arg v "$version" \
		'{Env: ["PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		  "GOLANG_VERSION=" + ($v | ltrimstr("go")), "GOPATH=/go"], Cmd: ["bash"], WorkingDir: "/go"}')
	layers=$(cat "$work"/[1-4].json)
	desc=$(image "$work/oci" amd64 "$config" "$layers")
	tagged golang "$desc" | index >"$work/oci/index.json"
	mv -T "$work/oci" "$out"
	step "golang: $(cat "$work"/[1-4].list | tr -dc '\0' | wc -c) files, $(jq -s 'map(.desc.size) | add' \
		"$work"/[1-4].json) bytes compressed, $(du -sm "$work"/[1-4] | awk '{n += $1} END {print n}') MiB of files"
}

push_golang() { # DIR HOST:PORT
	skopeo_copy --preserve-digests "oci:$1:golang" "docker://$2/golang:latest"
	skopeo_copy --format v2s2 "oci:$1:golang" "docker://$2/golang:v2s2"
}

[ "${BASH_SOURCE[0]}" = "$0" ] || return 0 # sourced for its functions

case "${1-}:$#" in
small:2) small "$2" ;;
golang:2) golang "$2" ;;
push-small:3) push_small "$2" "$3" ;;
push-golang:3) push_golang "$2" "$3" ;;
*)
	sed -n '2,/^set/{/^#/p}' "$0" >&2
	exit 2
	;;
esac
