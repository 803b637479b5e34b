// SPDX-License-Identifier: Apache-2.0
// The default profile as rules, for containers with more capabilities than the default ones.
#include <cerrno>
#include <set>
#include <sstream>
#include <string>

#include "core/oci/runtime_spec/capabilities.hpp"
#include "io/seccomp/default_profile.hpp"

namespace lxr::io::seccomp {

extern const std::string_view default_profile_text;  // made of default_profile.txt when lxr is built

namespace {

// The calls that only the capabilities among `capabilities` allow.
std::set<std::string> calls_with(std::uint64_t capabilities) {
  std::set<std::string> out;
  std::istringstream text{std::string(default_profile_text)};
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string kind, capability, name;
    words >> kind >> capability >> name;
    if (kind != "allow-with") continue;
    const auto number = oci::capability_number(capability);
    if (number && (capabilities >> *number & 1) != 0) out.insert(name);
  }
  return out;
}

std::vector<std::string> architectures() {
#ifdef __x86_64__
  return {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
#else
  return {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#endif
}

}  // namespace

bool is_default_for(std::uint64_t capabilities) { return calls_with(capabilities).empty(); }

oci::seccomp_spec default_profile_with(std::uint64_t capabilities) {
  const std::set<std::string> allowed = calls_with(capabilities);
  oci::seccomp_spec out;
  out.default_action = "SCMP_ACT_ERRNO";
  out.default_errno_ret = EPERM;
  out.architectures = architectures();
  oci::syscall_rule always{{allowed.begin(), allowed.end()}, "SCMP_ACT_ALLOW", {}, {}};
  oci::syscall_rule absent{{}, "SCMP_ACT_ERRNO", ENOSYS, {}};
  std::istringstream text{std::string(default_profile_text)};
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string kind, name;
    words >> kind >> name;
    if (allowed.contains(name)) continue;
    if (kind == "allow") always.names.push_back(name);
    if (kind == "errno") absent.names.push_back(name);
    if (kind != "allow-if") continue;
    std::uint32_t argument = 0;
    std::string mask, value;
    words >> argument >> mask >> value;
    out.syscalls.push_back(
        {{name},
         "SCMP_ACT_ALLOW",
         {},
         {{argument, std::stoull(mask, nullptr, 0), std::stoull(value, nullptr, 0), "SCMP_CMP_MASKED_EQ"}}});
  }
  out.syscalls.push_back(std::move(always));
  if (!absent.names.empty()) out.syscalls.push_back(std::move(absent));
  return out;
}

}  // namespace lxr::io::seccomp
