// SPDX-License-Identifier: Apache-2.0
#include "io/seccomp/default_profile.hpp"

#include <linux/filter.h>

namespace lxr::io::seccomp {
namespace {

constexpr sock_filter program[] = {
#include "seccomp_default_profile.inc"
};
static_assert(sizeof program / sizeof program[0] <= BPF_MAXINSNS);

}  // namespace

std::string_view default_profile() { return {reinterpret_cast<const char*>(program), sizeof program}; }

}  // namespace lxr::io::seccomp
