#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the pull tests with the lxr-image of a sanitizer build.
#   with_sanitized_image.sh RELEASE SANITIZED     two build directories; the second has lxr-image, built by:
#                                                 cmake --preset asan
set -euo pipefail
release=$1 sanitized=$2
programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
cp "$release/lxr" "$sanitized/lxr-image" "$programs"
nm "$programs/lxr-image" | grep -c __asan_init >/dev/null
LXR_TEST_PROGRAMS=$programs "$release/tests/integration_tests" --gtest_filter='pull.*:*trees.the_small*'
