#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prints the mirror that this machine's apt takes Debian's packages from, and Debian's own where apt names none.
set -euo pipefail
mirror=$(apt-get indextargets --format '$(SITE)' 'Identifier: Packages' 'Label: Debian' 2>/dev/null | sed -n 1p) || :
echo "${mirror:-http://deb.debian.org/debian}"
