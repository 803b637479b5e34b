#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs in a root of Debian where the package is installed: uses it, removes it, and looks for what is left.
set -euo pipefail
export LC_ALL=C.UTF-8 MANPAGER=cat DEBIAN_FRONTEND=noninteractive
show() {
	printf '$ %s\n' "$*"
	"$@"
}
fail() {
	printf 'package: %s\n' "$*" >&2
	exit 1
}

show lxr version
show lxr info
show man --warnings lxr-run | sed -n 1,8p
man --warnings lxr-image-ls | grep -q 'lxr images' || fail "a page refers to another in vain"
. /usr/share/bash-completion/bash_completion
_completion_loader lxr || [ $? -eq 124 ] || fail "bash-completion does not load the completion"
complete -p lxr
for page in lxr lxr-run; do [ -f "/usr/share/man/man1/$page.1.gz" ] || fail "no page $page"; done
[ -f /usr/share/zsh/vendor-completions/_lxr ] || fail "no completion for zsh"
[ -x /usr/libexec/lxr/lxr-image ] || fail "no lxr-image"
ldd /usr/libexec/lxr/lxr-image | grep 'not found' && fail "lxr-image lacks a library"
[ -L /etc/systemd/system/multi-user.target.wants/lxr-cleanup.service ] || fail "the unit is not enabled"

printf '\n== a purge keeps what is the user'\''s\n'
echo data >/var/lib/lxr/images/data
show dpkg --purge lxr
[ -f /var/lib/lxr/images/data ] || fail "the user's data is gone"
rm -r /var/lib/lxr

printf '\n== a purge leaves nothing of lxr else\n'
dpkg --install /lxr_*.deb >/dev/null
lxr info >/dev/null
show dpkg --purge lxr
left=$(find / /run -xdev \( -path /proc -o -path /sys -o -path /var/cache -o -path '/lxr_*.deb' \) -prune \
	-o -iname '*lxr*' -print)
[ -z "$left" ] || fail "left: $left"
