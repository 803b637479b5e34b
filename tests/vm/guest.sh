#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=dash
# Init of the virtual machine of run.sh: the main job on Debian's kernel with cgroup v2 alone. Each check says its name.
export PATH=/bin:/lxr
# Containers cannot pivot away from an initramfs: move to a tmpfs first.
if [ "$1" != second ]; then
	/bin/busybox mkdir /new
	/bin/busybox mount -t tmpfs -o mode=755 tmpfs /new
	/bin/busybox cp -a /bin /dev /etc /image /init /lib* /lxr /proc /run /sys /tmp /usr /var /new/ 2>/dev/null
	exec /bin/busybox switch_root /new /init second
fi
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
for module in $(cat /etc/modules); do modprobe "$module"; done
mkdir -p /var/lib/lxr /dev/shm
mount -t ext4 /dev/vda /var/lib/lxr
mount -t tmpfs tmpfs /tmp
ip link set lo up
ulimit -n 20000
dmesg -n 1

failures=0
expect() { # NAME WANTED GOT
	if [ "$2" = "$3" ]; then
		echo "ok    $1"
	else
		failures=$((failures + 1))
		echo "FAIL  $1: wanted '$2', got '$3'"
	fi
}
in_small() { lxr run --rm "$@"; }
groups() { find /sys/fs/cgroup -mindepth 1 -type d | wc -l; }

uname -r
expect "info tells cgroup v2" v2 "$(lxr info | awk '$1 == "Cgroups:" {print $2}')"
lxr pull -q oci:/image:small >/dev/null || failures=$((failures + 1))
IMAGE=$(lxr images -q | head -n 1)

expect "output and exit code" "hello 7" "$(in_small --network none "$IMAGE" sh -c 'echo -n hello\ ; exit 7'; echo $?)"
expect "--memory" 67108864 "$(in_small --network none --memory 64m "$IMAGE" cat /sys/fs/cgroup/memory.max)"
expect "--memory leaves as much swap" 67108864 \
	"$(in_small --network none --memory 64m "$IMAGE" cat /sys/fs/cgroup/memory.swap.max 2>/dev/null || echo 0)"
expect "--pids-limit" 77 "$(in_small --network none --pids-limit 77 "$IMAGE" cat /sys/fs/cgroup/pids.max)"
expect "pids limit by default" 2048 "$(in_small --network none "$IMAGE" cat /sys/fs/cgroup/pids.max)"
expect "--cpus" "50000 100000" "$(in_small --network none --cpus 0.5 "$IMAGE" cat /sys/fs/cgroup/cpu.max)"
expect "own cgroup namespace" "0::/" "$(in_small --network none "$IMAGE" cat /proc/self/cgroup)"
expect "cgroups are read-only" 1 \
	"$(in_small --network none "$IMAGE" sh -c 'echo 5 >/sys/fs/cgroup/pids.max' 2>/dev/null; echo $?)"
in_small --network none --pids-limit 10 "$IMAGE" \
	sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; true' 2>&1 | grep -q 'fork'
expect "--pids-limit holds" 0 $?

lxr run -d --name eater --network none --memory 16m "$IMAGE" sh -c 'x=x; while :; do x=$x$x; done' >/dev/null
for _ in $(seq 100); do
	[ "$(lxr ps -a --format '{{.State}}' 2>/dev/null ||
		lxr inspect eater | sed -n 's/.*"Status": "\(.*\)".*/\1/p')" = exited ] && break
	usleep 100000
done
expect "out of memory is told" true "$(lxr inspect eater | sed -n 's/.*"OOMKilled": *\([a-z]*\).*/\1/p')"
expect "out of memory kills" 137 "$(lxr inspect eater | sed -n 's/.*"ExitCode": *\([0-9]*\).*/\1/p')"
lxr rm -f eater >/dev/null

lxr run -d --name one "$IMAGE" sleep 1000 >/dev/null
lxr run -d --name two "$IMAGE" sh -c 'httpd -p 80 -h /etc; exec sleep 1000' >/dev/null
address() { lxr inspect "$1" | sed -n 's/.*"IPAddress": "\(.*\)".*/\1/p'; }
expect "the host reaches a container" 0 "$(ping -c 1 -W 5 "$(address one)" >/dev/null; echo $?)"
expect "containers reach each other" 0 "$(
	for _ in $(seq 50); do
		lxr exec one wget -q -O /dev/null "http://$(address two)/image" && break || usleep 100000
	done
	echo $?
)"
expect "exec joins the cgroup" 2 "$(lxr exec one grep -c . /sys/fs/cgroup/cgroup.procs)"
expect "exec's exit code" 5 "$(lxr exec one sh -c 'exit 5'; echo $?)"
lxr stop -t 1 one two >/dev/null
expect "stopped" 137 "$(lxr inspect one | sed -n 's/.*"ExitCode": *\([0-9]*\).*/\1/p')"
lxr rm one two >/dev/null
expect "created waits, started runs" "waited" \
	"$(lxr create --name later --network none "$IMAGE" echo waited >/dev/null; lxr start -a later)"
lxr rm later >/dev/null

lxr batch -n 20 "$IMAGE" sleep 1000 >/dev/null
expect "batch runs" 20 "$(lxr ps -q | wc -l)"
# shellcheck disable=SC2046 # each id is an argument
lxr rm -f $(lxr ps -aq) >/dev/null
for _ in $(seq 100); do
	[ "$(groups)" = 0 ] && ! ip link | grep -q -e lxr -e veth && break
	usleep 100000
done
expect "no cgroup is left" 0 "$(groups)"
expect "no link is left" 0 "$(ip link | grep -c -e lxr -e veth)"
expect "the erofs driver is refused where the kernel cannot" 125 \
	"$(LXR_STORE_DRIVER=erofs lxr pull -q oci:/image:small-zstd >/dev/null 2>&1; echo $?)"
expect "pull into a tmpfs, where direct writes are refused" hello \
	"$(LXR_ROOT=/tmp/root LXR_STATE=/tmp/state lxr run -q --rm --network none oci:/image:small echo hello)"
if [ -e /etc/units ]; then # they need a disk with user attributes below /tmp, and a file that cannot be executed
	mkdir /var/lib/lxr/tmp
	mount --bind /var/lib/lxr/tmp /tmp
	touch /etc/passwd
	unit_tests --gtest_color=no --gtest_brief=1 --gtest_filter="$(cat /etc/units)"
	expect "units" 0 $?
fi

[ "$failures" = 0 ] && echo "guest: all checks passed" || echo "guest: $failures checks failed"
sync
poweroff -f
