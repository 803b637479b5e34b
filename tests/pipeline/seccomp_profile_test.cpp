// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/seccomp_profile.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace lxr::spec {
namespace {

std::vector<std::string> names_of(const std::string& rules, std::uint64_t capabilities) {
  const oci::seccomp_spec s = read_seccomp_profile(
      R"({"defaultAction":"SCMP_ACT_ERRNO","archMap":[
          {"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
          {"architecture":"SCMP_ARCH_AARCH64","subArchitectures":["SCMP_ARCH_ARM"]}],"syscalls":)" +
          rules + "}",
      capabilities, "profile");
  EXPECT_EQ(s.architectures.size(), 2u);
  std::vector<std::string> out;
  for (const oci::syscall_rule& r : s.syscalls) out.insert(out.end(), r.names.begin(), r.names.end());
  return out;
}

TEST(read_seccomp_profile, rules_depend_on_capabilities_architectures_and_kernels) {
  const std::string rules =
      R"([{"names":["a"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
          {"names":["b"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"]}},
          {"names":["c"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["s390"]}},
          {"names":["d"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"}},
          {"names":["e"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"999.0"}},
          {"name":"f","action":"SCMP_ACT_ALLOW"}])";
  constexpr unsigned sys_admin = 21;
  EXPECT_EQ(names_of(rules, std::uint64_t{1} << sys_admin), (std::vector<std::string>{"a", "d", "f"}));
  EXPECT_EQ(names_of(rules, 0), (std::vector<std::string>{"b", "d", "f"}));
}

TEST(read_seccomp_profile, what_is_no_profile_is_refused) {
  EXPECT_THROW(read_seccomp_profile("[", 0, "p"), error);
  EXPECT_THROW(read_seccomp_profile(R"({"syscalls":[7]})", 0, "p"), error);
  EXPECT_THROW(read_seccomp_profile(R"({"defaultAction":7})", 0, "p"), error);
}

}  // namespace
}  // namespace lxr::spec
