# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The peers, each started as its users start it, and only those that this host has and that run here. Sourced by run.sh,
# which sets: work, bundle (an OCI bundle of the same root filesystem), archive (the image for docker, podman and ctr).
# peer_NAME is a command that takes a subcommand and its arguments; peers lists the names.
# shellcheck disable=SC2154 # run.sh sets them

declare -a peers=()

# podman and docker get a network namespace of their own: their bridges, rules and sysctls stay out of the host's.
apart_pid=
enter() { nsenter --target "$apart_pid" --net -- "$@"; }

hugetlb=/sys/fs/cgroup/hugetlb # crun 1.8 on hybrid cgroups wants it mounted as v1
hugetlb_ours=
start_peers() {
	unshare --net sleep infinity &
	apart_pid=$!
	local name
	[ -f /sys/fs/cgroup/cgroup.controllers ] || mountpoint -q $hugetlb || {
		mkdir -p $hugetlb && mount -t cgroup -o hugetlb cgroup $hugetlb 2>/dev/null && hugetlb_ours=yes
	}
	for name in crun runc bwrap nspawn podman docker ctr; do
		if "start_$name" >>"$work/peers.log" 2>&1; then
			peers+=("$name")
		else
			echo "bench: $name is not here, or does not run here" >&2
		fi
	done
}
stop_peers() {
	[ -z "${docker_pid-}" ] || {
		docker "${docker_flags[@]}" ps -aq | xargs -r docker "${docker_flags[@]}" rm -f >/dev/null
		kill "$docker_pid"
		wait "$docker_pid" || :
	}
	[ -z "${ctr_pid-}" ] || { kill "$ctr_pid"; wait "$ctr_pid" || :; }
	[ -z "${podman_flags-}" ] || enter podman "${podman_flags[@]}" rm -fa -t 0 >/dev/null 2>&1 || :
	[ -z "$apart_pid" ] || kill "$apart_pid"
	[ -z "$hugetlb_ours" ] || umount $hugetlb 2>/dev/null || :
}
has() { [[ " ${peers[*]} " == *" $1 "* ]]; }

start_crun() { crun run -b "$bundle" try; }
start_runc() { runc run -b "$bundle" try; }
bwrap_flags=(--unshare-all --ro-bind "$bundle/rootfs" / --proc /proc --dev /dev)
start_bwrap() { bwrap "${bwrap_flags[@]}" /bin/true; }
nspawn_flags=(-q --register=no --keep-unit --private-network -D "$bundle/rootfs")
start_nspawn() { systemd-nspawn "${nspawn_flags[@]}" /bin/true; }

limits=(--ulimit nofile=1024:1024 --ulimit nproc=1000:1000) # podman raises limits to what this host may refuse
start_podman() {
	podman_flags=(--root "$work/podman/root" --runroot "$work/podman/run" --tmpdir "$work/podman/tmp"
		--storage-driver overlay --cgroup-manager cgroupfs)
	podman "${podman_flags[@]}" load -q -i "$archive" &&
		enter podman "${podman_flags[@]}" run --rm "${limits[@]}" small true
}
start_docker() {
	mkdir -p "$work/docker"
	docker_flags=(-H "unix://$work/docker/sock")
	nsenter --target "$apart_pid" --net -- dockerd --data-root "$work/docker/root" \
		--exec-root "$work/docker/exec" "${docker_flags[@]}" -p "$work/docker/pid" \
		--containerd-namespace bench >"$work/docker/log" 2>&1 &
	docker_pid=$!
	until docker "${docker_flags[@]}" version >/dev/null 2>&1; do
		kill -0 "$docker_pid" || { docker_pid= && return 1; }
		sleep 0.1
	done
	docker "${docker_flags[@]}" load -q -i "$archive" && docker "${docker_flags[@]}" run --rm small true
}
start_ctr() {
	mkdir -p "$work/containerd"
	printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n' \
		>"$work/containerd/config.toml"
	containerd -c "$work/containerd/config.toml" --root "$work/containerd/root" --state "$work/containerd/state" \
		--address "$work/containerd/sock" >"$work/containerd/log" 2>&1 &
	ctr_pid=$!
	ctr_flags=(-a "$work/containerd/sock")
	until ctr "${ctr_flags[@]}" version >/dev/null 2>&1; do
		kill -0 "$ctr_pid" || { ctr_pid= && return 1; }
		sleep 0.1
	done
	ctr "${ctr_flags[@]}" image import "$archive" &&
		ctr "${ctr_flags[@]}" run --rm docker.io/library/small:latest try /bin/true
}

# Arguments of `compare` for one container from nothing to nothing, without and with a network; "-- WHO COMMAND ...".
run_of() { # PEER none|bridge
	case $1-$2 in
	crun-none) set -- crun crun run -b "$bundle" once ;;
	runc-none) set -- runc runc run -b "$bundle" once ;;
	bwrap-none) set -- bubblewrap bwrap "${bwrap_flags[@]}" /bin/true ;;
	nspawn-none) set -- systemd-nspawn systemd-nspawn "${nspawn_flags[@]}" /bin/true ;;
	podman-none)
		set -- podman nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" run --rm "${limits[@]}" \
			--network none small true
		;;
	podman-bridge)
		set -- podman nsenter -t "$apart_pid" -n podman "${podman_flags[@]}" run --rm "${limits[@]}" small true
		;;
	docker-none) set -- docker docker "${docker_flags[@]}" run --rm --network none small true ;;
	docker-bridge) set -- docker docker "${docker_flags[@]}" run --rm small true ;;
	ctr-none) set -- containerd ctr "${ctr_flags[@]}" run --rm docker.io/library/small:latest once /bin/true ;;
	*) return 1 ;;
	esac
	# shellcheck disable=SC2034 # run.sh reads it
	command=(-- "$@")
}

versions() {
	local p
	for p in "${peers[@]}"; do
		case $p in
		crun | runc | podman) "$p" --version | sed -n 1p ;;
		bwrap) bwrap --version ;;
		nspawn) systemd-nspawn --version | sed -n '1s/ (.*//p' ;;
		docker) docker "${docker_flags[@]}" version -f 'docker {{.Server.Version}}' ;;
		ctr) containerd --version | awk '{print "containerd", $3}' ;;
		esac
	done
}
