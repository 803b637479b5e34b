#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The registry and the images that all integration tests share.
#   fixture.sh up DIR     makes what is missing, starts the registry; images come from $LXR_TEST_CACHE
#                         when they are there
#   fixture.sh down DIR   stops the registry
set -euo pipefail
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$2
cache=${LXR_TEST_CACHE:-$dir/cache}

case $1 in
up)
	mkdir -p "$dir" "$cache"
	bash "$support/images.sh" small "$cache/small"
	bash "$support/images.sh" golang "$cache/golang"
	[ -d "$cache/erofs-utils" ] || { # of a release whose fsck.erofs knows extra devices; extracted, not installed
		rm -rf "$cache/erofs-utils.tmp"
		mirror=$(bash "$support/mirror.sh")
		mmdebstrap -q --variant=extract --include=erofs-utils trixie "$cache/erofs-utils.tmp" "$mirror"
		mv "$cache/erofs-utils.tmp" "$cache/erofs-utils"
	}
	ln -sfn "$cache/erofs-utils" "$dir/erofs-utils"
	ln -sfn "$cache/small" "$dir/small"
	ln -sfn "$cache/golang" "$dir/golang"
	bash "$support/registry.sh" stop "$dir/registry" 2>/dev/null || true
	rm -rf "$dir/registry"
	read -r port _ < <(bash "$support/registry.sh" start "$dir/registry")
	bash "$support/images.sh" push-small "$cache/small" "127.0.0.1:$port"
	bash "$support/images.sh" push-golang "$cache/golang" "127.0.0.1:$port"
	;;
down) bash "$support/registry.sh" stop "$dir/registry" ;;
*) exit 2 ;;
esac
