# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How each contestant pulls an image into an empty store. Sourced by run.sh, which sets: build, work, trixie, host.
# contest NAME STORE IMAGE prints what bench/measure prints, of the pull alone; the store is an empty directory.
# shellcheck disable=SC2154 # run.sh sets them

# Runs CODE (bash -e; $1 is the store, $2 the image's reference) below ROOT in a mount namespace of its own, where what
# peers write outside of their store is fresh and private too.
apart() { # ROOT STORE REFERENCE CODE
	unshare -m --propagation private -- bash -ec '
		root=$1 store=$2 reference=$3 code=$4
		cp "$5" "$store/measure"
		if [ "$root" = / ]; then
			cd /
		else
			mount --bind "$root" "$root" # makes / of the chroot a mount point
			cd "$root"
			mkdir -p store
			mount --bind "$store" store
			store=/store
			mount -t proc proc proc
			mount -t sysfs -o ro sysfs sys
			mount --rbind /dev dev
			mount -t tmpfs tmpfs tmp
		fi
		mkdir -p var/lib/containers etc/cni "$2/cache" "$2/tmp"
		mount --bind "$2/cache" var/lib/containers # the blob info cache
		for d in run etc/cni dev/shm; do mount -t tmpfs tmpfs "$d"; done
		exec env -i LC_ALL=C HOME=/run TMPDIR="$store/tmp" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
			chroot "$root" bash -ec "$code" - "$store" "$reference"' - "$1" "$2" "$3" "$4" "$build/bench/measure"
}

podman='"$1/measure" podman --root "$1/root" --runroot "$1/run" --tmpdir "$1/libpod" --storage-driver overlay \
	pull -q --tls-verify=false "$2"'

# The daemon is started before the clock; its processor time and memory count.
containerd='
	printf "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\", \"io.containerd.internal.v1.opt\"]\n" \
		>"$1/config.toml"
	containerd -c "$1/config.toml" --root "$1/root" --state "$1/state" --address "$1/sock" >&2 &
	pid=$!
	trap "kill $pid; wait $pid || :" EXIT
	until ctr -a "$1/sock" version >/dev/null 2>&1; do kill -0 $pid; sleep 0.05; done
	ticks() { read -ra s </proc/$pid/stat; echo $((s[13] + s[14] + s[15] + s[16])); }
	before=$(ticks)
	m=$("$1/measure" ctr -a "$1/sock" image pull --plain-http --snapshotter overlayfs "$2")
	cpu=${m#*cpu_ms\":} cpu=${cpu%%,*} peak=$(sed -n "s/VmHWM:[^0-9]*\([0-9]*\).*/\1/p" /proc/$pid/status)
	printf "{\"wall_ms\":%s,\"cpu_ms\":%s,\"peak_kb\":%s}\n" "$(wall=${m#*wall_ms\":}; echo "${wall%%,*}")" \
		"$((${cpu%.*} + ($(ticks) - before) * 10))" "$peak"'

umoci='"$1/measure" bash -ec "skopeo --insecure-policy copy -q --preserve-digests --src-tls-verify=false \
		docker://$2 oci:$1/oci:img &&
	umoci raw unpack --image $1/oci:img $1/rootfs"'

lxr_pull() { # STORE REFERENCE [NAME=VALUE...]
	env "${@:3}" "$build/bench/measure" "$build/lxr" --root "$1/root" --state "$1/state" pull -q "$2"
}

manifest_of() { # NAME
	curl -sf -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://$host/v2/$1/manifests/latest"
}

floor_pull() { # STORE NAME
	local blobs
	mapfile -t blobs < <(manifest_of "$2" | jq -r --arg n "$2" '.layers[] | "/v2/\($n)/blobs/\(.digest)", .size')
	"$build/bench/measure" "$build/bench/floor_pull" "${host##*:}" "$1" \
		"$(case $2 in *zstd) echo zstd ;; *) echo gzip ;; esac)" "${blobs[@]}"
}

# The floor of a tree of files: two processes a layer, and curl.
floor_tar() { # STORE NAME
	local urls
	urls=$(manifest_of "$2" | jq -r --arg n "$2" --arg h "$host" '.layers[] | "http://\($h)/v2/\($n)/blobs/\(.digest)"')
	"$build/bench/measure" bash -ec '
		i=0
		for u in $2; do
			mkdir "$1/$((++i))"
			curl -sf "$u" | igzip -dc | tar -x --numeric-owner -C "$1/$i"
		done' - "$1" "$urls"
}

contest() { # NAME STORE IMAGE
	local reference=$host/$3:latest
	case $1 in
	floor) floor_pull "$2" "$3" ;;
	igzip-tar) floor_tar "$2" "$3" ;;
	lxr) lxr_pull "$2" "$reference" LXR_STORE_DRIVER=erofs ;;
	lxr-unsynced) lxr_pull "$2" "$reference" LXR_STORE_DRIVER=erofs LXR_STORE_SYNC=none ;;
	lxr-directories) lxr_pull "$2" "$reference" LXR_STORE_DRIVER=directories ;;
	lxr-directories-unsynced) lxr_pull "$2" "$reference" LXR_STORE_DRIVER=directories LXR_STORE_SYNC=none ;;
	podman) apart / "$2" "$reference" "$podman" ;;
	podman-13) apart "$trixie" "$2" "$reference" "$podman" ;;
	containerd) apart / "$2" "$reference" "$containerd" ;;
	containerd-13) apart "$trixie" "$2" "$reference" "$containerd" ;;
	skopeo-umoci) apart / "$2" "$reference" "$umoci" ;;
	skopeo-umoci-13) apart "$trixie" "$2" "$reference" "$umoci" ;;
	*) return 2 ;;
	esac
}
