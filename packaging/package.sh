#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian package from the files that git knows, has lintian look at it, and tries it in a root of the same
# Debian: installed, used, removed with its user's data kept, purged. usage: package.sh BUILD-DIRECTORY
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(realpath -m "$1")
say() { printf '\n== %s\n' "$*"; }

say "building the package"
version=$(dpkg-parsechangelog -l "$top/packaging/debian/changelog" -S Version)
source=$work/lxr-$version
rm -rf "$work"
mkdir -p "$source"
git -C "$top" ls-files -z | (cd "$top" && xargs -0 cp --parents -t "$source")
cp -r "$source/packaging/debian" "$source/debian"
# debhelper gives the build a home of its own, which would be an empty cache.
if command -v ccache >/dev/null; then CCACHE_DIR=$(ccache --get-config cache_dir) && export CCACHE_DIR; fi
(cd "$source" && dpkg-buildpackage -b --no-sign) >"$work/build.log" 2>&1 || {
	tail -n 40 "$work/build.log" | cut -c 1-400 >&2
	exit 1
}
package=$work/lxr_${version}_$(dpkg --print-architecture).deb
dpkg-deb --info "$package" | sed -n '/ Package:/,$p'

say "lintian"
lintian --allow-root --fail-on error,warning "$package"

say "trying it in a root of Debian"
root=$work/root
# shellcheck source=/etc/os-release
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
mmdebstrap -q --variant=apt --include=man-db,bash-completion,libcap2-bin \
	--customize-hook="copy-in $package /" \
	--customize-hook="chroot \"\$1\" apt-get install -y -q --no-install-recommends /$(basename "$package")" \
	--skip=cleanup/apt/lists "$codename" "$root" http://deb.debian.org/debian >"$work/root.log" 2>&1 || {
	tail -n 40 "$work/root.log" >&2
	exit 1
}
cp "$top/packaging/try_package.sh" "$root/try_package.sh"
# The mounts end with the namespace.
unshare --mount --propagation private bash -euc '
	mount -t proc proc "$1/proc"
	mount --rbind /sys "$1/sys"
	mount --rbind /dev "$1/dev"
	mount -t tmpfs tmpfs "$1/run"
	exec chroot "$1" /bin/bash /try_package.sh' - "$root"
rm -rf "$root"
say "built $package"
