# SPDX-License-Identifier: Apache-2.0
# Cross building for arm64 with clang, which has every target, and a directory of Debian's arm64 packages.
# The variable LXR_ARM64_ROOT names that directory; tests/platform/arm64.sh makes it. Programs of the build, such as
# seccomp_generate, are built for arm64 as well and run under qemu-user, so they compile what arm64 needs.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(LXR_ARM64_ROOT "$ENV{LXR_ARM64_ROOT}" CACHE PATH "Debian's arm64 packages, extracted")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES LXR_ARM64_ROOT)

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_SYSROOT "${LXR_ARM64_ROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -L "${LXR_ARM64_ROOT}")
