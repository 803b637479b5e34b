#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prints how many lines of each layer the tests reach that ran in a build with LXR_COVERAGE.
#   coverage.sh BUILD [FILE]     with FILE: every function of it that no test reaches
# A test program BUILD/tests/NAME has written its counters to BUILD/profiles/NAME.profraw (LLVM_PROFILE_FILE).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "$1" && pwd)
counts=$build/profiles/all.profdata
objects=()
for profile in "$build"/profiles/*.profraw; do
	objects+=(${objects[0]+-object} "$build/tests/$(basename "$profile" .profraw)")
done
llvm-profdata-19 merge -sparse "$build"/profiles/*.profraw -o "$counts"
if [ -n "${2-}" ]; then
	llvm-cov-19 report "${objects[@]}" -instr-profile="$counts" -compilation-dir="$build" -show-functions "$here/$2" |
		awk '$2 ~ /^[0-9]+$/ && $7 == "0.00%" { print $1 }' | c++filt
	exit
fi
llvm-cov-19 export "${objects[@]}" -instr-profile="$counts" -compilation-dir="$build" -summary-only |
	jq -r --arg root "$here/" '
		def sum(name; files): {name: name, lines: (files | map(.lines) | add), reached: (files | map(.reached) | add)};
		[.data[0].files[]
			| {layer: (.filename | sub("^.*/\\.\\./\\.\\./"; "") | ltrimstr($root) | split("/")[0]),
			   lines: .summary.lines.count, reached: .summary.lines.covered}
			| select(.layer | IN("core", "io", "pipeline", "cli"))] as $files
		| ($files | group_by(.layer) | map(sum(.[0].layer; .))) + [sum("all"; $files)]
		| .[] | "\(.name): \(.reached * 1000 / .lines | round / 10) % of \(.lines) lines"'
