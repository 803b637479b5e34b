#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Throwaway Debian docker-registry (2.8) on a free loopback port, plain http.
#   registry.sh start DIR   prints "PORT PID"; keeps storage, config, log, port, pid in DIR
#   registry.sh stop DIR    stops it by the pid kept in DIR/pid, waits for its end
set -euo pipefail

# A recycled pid must not count: the command line names our config.
alive() { # PID DIR
	tr '\0' '\n' <"/proc/$1/cmdline" | grep -qxF -- "$2/config.yml"
} 2>/dev/null

start() { # DIR
	local dir pid fd line port='' tailpid
	mkdir -p "$1/storage"
	dir=$(cd "$1" && pwd)
	if [ -s "$dir/pid" ] && alive "$(cat "$dir/pid")" "$dir"; then
		echo "registry.sh: already running in $dir" >&2
		return 1
	fi
	cat >"$dir/config.yml" <<-YML
		version: 0.1
		log: {level: info, formatter: json, accesslog: {disabled: true}}
		storage:
		  filesystem: {rootdirectory: "$dir/storage"}
		  delete: {enabled: true}
		  maintenance: {uploadpurging: {enabled: false}}
		http: {addr: "127.0.0.1:0", secret: test}
	YML
	: >"$dir/log"
	# env -i: REGISTRY_* variables would override the config. setsid: no
	# terminal signals. 3>&-: a test runner's (bats) fd must not be kept open.
	env -i PATH="$PATH" setsid docker-registry serve "$dir/config.yml" \
		</dev/null >>"$dir/log" 2>&1 3>&- &
	pid=$! # setsid(1) execs without forking, as a background job leads no group
	echo "$pid" >"$dir/pid"
	# "listening on" is logged after bind+listen, so connects succeed from then
	# on. tail wakes by inotify, and ends (EOF) when the registry dies.
	exec {fd}< <(exec tail -n +1 -f -s 0.1 --pid="$pid" "$dir/log" 2>/dev/null)
	tailpid=$!
	while IFS= read -r -t 20 -u "$fd" line; do
		if [[ $line =~ listening\ on\ 127\.0\.0\.1:([0-9]+) ]]; then
			port=${BASH_REMATCH[1]}
			break
		fi
	done
	kill "$tailpid" 2>/dev/null || true
	exec {fd}<&-
	if [ -z "$port" ]; then
		kill "$pid" 2>/dev/null || true
		rm -f "$dir/pid"
		echo "registry.sh: docker-registry did not start:" >&2
		cat "$dir/log" >&2
		return 1
	fi
	echo "$port" >"$dir/port"
	echo "$port $pid"
}

stop() { # DIR
	local dir pid i
	dir=$(cd "$1" && pwd)
	[ -s "$dir/pid" ] || return 0
	pid=$(cat "$dir/pid")
	! alive "$pid" "$dir" || kill "$pid" # SIGTERM: ends at once, cutting connections
	# Not our child any more, so poll; a zombie (slow pid 1) counts as ended,
	# as its cmdline is empty, where kill -0 would still succeed.
	for ((i = 0; i < 250; i++)); do
		alive "$pid" "$dir" || break
		sleep 0.02
	done
	! alive "$pid" "$dir" || kill -9 "$pid"
	rm -f "$dir/pid" "$dir/port"
}

case "${1-}:$#" in
start:2) start "$2" ;;
stop:2) stop "$2" ;;
*)
	echo "usage: ${0##*/} start|stop DIR" >&2
	exit 2
	;;
esac
