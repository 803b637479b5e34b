#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The images of the pull benchmark that the tests do not have, each an OCI layout in DIR/NAME with the tag NAME.
#   images.sh DIR NAME...
#     depth-N       the same 3,000 files in N layers
#     huge          two layers of one file of 300 MB each
#     eight-I       I of 1 to 8: a layer of 60 MB that no other has
#     golang-zstd   the golang image of the tests (DIR/golang), packed with zstd
#   images.sh push DIR NAME HOST:PORT
set -euo pipefail
# shellcheck source=../../tests/support/images.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../tests/support/images.sh"

config='{"Env":["PATH=/usr/bin:/bin"],"Cmd":["true"]}'

finish() { # DIR NAME LAYERS
	tagged "$2" "$(image "$1.tmp" amd64 "$config" "$3")" | index >"$1.tmp/index.json"
	mv -T "$1.tmp" "$1"
}

# Bytes as programs have them: shared libraries of this machine, the first SKIP MB left out.
library_bytes() { # SKIP COUNT
	find -L /usr/lib -xdev -type f -name '*.so*' -size +500k -print0 2>/dev/null | sort -z | xargs -0 cat |
		(head -c "$1M" >/dev/null; head -c "$2M") || true
}

depth() { # DIR NAME LAYERS
	local files per layers i
	mapfile -t files < <(find /usr/include /usr/share/doc /usr/lib/python3* -xdev -type f 2>/dev/null |
		sort | head -n 3000)
	per=$(((${#files[@]} + $3 - 1) / $3))
	layers=$(for ((i = 0; i < $3; i++)); do
		printf '%s\n' "${files[@]:i*per:per}" |
			tar --format=pax --pax-option="$PAX" --numeric-owner -C / -c -T - 2>/dev/null |
			layer "$1.tmp" gzip
	done)
	finish "$1" "$2" "$layers"
}

one_file_layer() { # LAYOUT SKIP COUNT NAME
	local tree
	tree=$(mktemp -d)
	library_bytes "$2" "$3" >"$tree/$4"
	tar --format=pax --pax-option="$PAX" --numeric-owner -C "$tree" -c "$4" | layer "$1.tmp" gzip
	rm -rf "$tree"
}

make() { # DIR NAME
	local out=$1/$2 layers l
	[ ! -e "$out" ] || return 0
	rm -rf "$out.tmp"
	new_layout "$out.tmp"
	case $2 in
	depth-*) depth "$out" "$2" "${2#depth-}" ;;
	huge) finish "$out" huge "$(one_file_layer "$out" 0 300 first; one_file_layer "$out" 300 300 second)" ;;
	eight-*) finish "$out" "$2" "$(one_file_layer "$out" "$((${2#eight-} * 60))" 60 data)" ;;
	golang-zstd)
		layers=$(for l in $(jq -r '.layers[].digest' \
			"$1/golang/blobs/sha256/$(jq -r '.manifests[0].digest' "$1/golang/index.json" | cut -d: -f2)"); do
			pigz -dc <"$1/golang/blobs/sha256/${l#sha256:}" | layer "$out.tmp" zstd
		done)
		finish "$out" golang-zstd "$layers"
		;;
	*) die "unknown image: $2" ;;
	esac
}

if [ "$1" = push ]; then
	skopeo_copy --preserve-digests "oci:$2/$3:$3" "docker://$4/$3:latest"
else
	for name in "${@:2}"; do make "$1" "$name"; done
fi
