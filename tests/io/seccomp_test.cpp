// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "io/seccomp/compile.hpp"
#include "io/seccomp/default_profile.hpp"

namespace lxr::io::seccomp {
namespace {

using program = std::vector<sock_filter>;

// The answer of a filter, as the kernel's interpreter would find it; only what such filters consist of.
std::uint32_t run(const program& p, const seccomp_data& call) {
  std::uint32_t a = 0;
  for (std::size_t at = 0;; ++at) {
    const sock_filter& f = p.at(at);
    switch (f.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&call) + f.k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= f.k;
        break;
      case BPF_JMP | BPF_JA:
        at += f.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == f.k ? f.jt : f.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += a >= f.k ? f.jt : f.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += a > f.k ? f.jt : f.jf;
        break;
      case BPF_RET | BPF_K:
        return f.k;
      default:
        ADD_FAILURE() << "instruction " << f.code;
        return 0;
    }
  }
}

program ours() {
  const std::string_view bytes = default_profile();
  program p(bytes.size() / sizeof(sock_filter));
  std::memcpy(p.data(), bytes.data(), bytes.size());
  return p;
}

// What libseccomp makes of the same text.
program reference() {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
#if defined(__x86_64__)
  seccomp_arch_add(filter, SCMP_ARCH_X86);
#endif
  seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
  std::ifstream text(DEFAULT_PROFILE);
  EXPECT_TRUE(text.is_open()) << DEFAULT_PROFILE;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string kind, name, mask, value;
    unsigned argument = 0;
    if (!(words >> kind >> name) || kind == "#") continue;
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) continue;  // named by its number: see by_number()
    if (kind == "allow") {
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
    } else if (kind == "errno") {
      seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
    } else if (words >> argument >> mask >> value) {
      const scmp_arg_cmp c{argument, SCMP_CMP_MASKED_EQ, std::stoull(mask, nullptr, 0), std::stoull(value, nullptr, 0)};
      seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &c);
    }
  }
  std::FILE* file = std::tmpfile();
  seccomp_export_bpf(filter, fileno(file));
  seccomp_release(filter);
  program p;
  std::rewind(file);
  for (sock_filter one{}; std::fread(&one, sizeof one, 1, file) == 1;) p.push_back(one);
  std::fclose(file);
  return p;
}

// The calls the text names by number, because libseccomp may not know them.
std::map<int, std::uint32_t> by_number(bool x86_64) {
  std::map<int, std::uint32_t> out;
  std::ifstream text(DEFAULT_PROFILE);
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string kind, name, code, where;
    int number = 0;
    words >> kind >> name;
    if (kind != "allow" && kind != "errno") continue;
    if (kind == "errno") words >> code;
    if (!(words >> number)) continue;
    words >> where;
    if (where.empty() || x86_64) out[number] = kind == "allow" ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | ENOSYS;
  }
  return out;
}

bool has_name(std::uint32_t architecture, int number) {
  char* const name = seccomp_syscall_resolve_num_arch(architecture, number);
  std::free(name);
  return name != nullptr;
}

#if defined(__x86_64__)
constexpr std::uint32_t native = AUDIT_ARCH_X86_64, others[] = {AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64};
#else
constexpr std::uint32_t native = AUDIT_ARCH_AARCH64, others[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_ARM};
#endif

std::vector<seccomp_data> calls_of(std::uint32_t architecture, int number) {
  std::vector<seccomp_data> out;
  for (const std::uint64_t argument :
       {0ull,          1ull,          2ull,          3ull,           8ull,           9ull,
        16ull,         17ull,         33ull,         38ull,          40ull,          44ull,
        46ull,         0x20000ull,    0x20008ull,    0x20009ull,     0x02000000ull,  0x10000000ull,
        0x7e020000ull, 0x80000000ull, 0xffffffffull, 0x100000000ull, 0x100000008ull, ~0ull}) {
    if (architecture != native && argument >> 32 != 0) continue;  // a 32-bit program has no such argument
    out.push_back({number, architecture, 0, {argument, 0, 0, 0, 0, 0}});
  }
  return out;
}

TEST(seccomp_profile, answers_as_libseccomps_program_of_the_same_rules) {
  const program mine = ours(), theirs = reference();
  for (const std::uint32_t architecture : {native, others[0], others[1]}) {
    const bool known = architecture == native || architecture == AUDIT_ARCH_I386;
    const auto numbered = by_number(architecture == AUDIT_ARCH_X86_64);
    for (int number = 0; number <= 466; ++number) {
      for (const seccomp_data& call : calls_of(architecture, number)) {
        if (known && numbered.contains(number)) {
          ASSERT_EQ(run(mine, call), numbered.at(number)) << "architecture " << architecture << " call " << number;
          continue;
        }
        if (known && !has_name(architecture, number)) {
          ASSERT_EQ(run(mine, call), SECCOMP_RET_ERRNO | ENOSYS)
              << "architecture " << architecture << " call " << number;
          continue;
        }
        // Of each rule about socket() libseccomp makes one that allows socketcall's, whatever the family.
        if (architecture == AUDIT_ARCH_I386 && number == 102 && static_cast<std::uint32_t>(call.args[0]) == 1) continue;
        ASSERT_EQ(run(mine, call), run(theirs, call))
            << "architecture " << architecture << " call " << number << " argument " << call.args[0];
      }
    }
  }
}

// Issue 11, 1.10.
TEST(seccomp_profile, calls_newer_than_it_are_unknown_not_forbidden) {
  for (const int number : {467, 468, 469, 600, 0x40000000, 0x40000001, -1}) {
    EXPECT_EQ(run(ours(), {number, native, 0, {}}), SECCOMP_RET_ERRNO | ENOSYS) << number;
#if defined(__x86_64__)
    EXPECT_EQ(run(ours(), {number, AUDIT_ARCH_I386, 0, {}}), SECCOMP_RET_ERRNO | ENOSYS) << number;
#endif
  }
  for (const int number : {457, 458, 462, 463, 464, 465, 466})
    EXPECT_EQ(run(ours(), {number, native, 0, {}}), SECCOMP_RET_ALLOW) << number;
}

#if defined(__x86_64__)
// Issue 11, 1.10; security case 64. The family lies in memory, where no filter sees it.
TEST(seccomp_profile, no_socket_is_made_by_the_entry_that_hides_its_family) {
  EXPECT_EQ(run(ours(), {102, AUDIT_ARCH_I386, 0, {1}}), SECCOMP_RET_ERRNO | EPERM);
  for (std::uint64_t call = 2; call <= 20; ++call)
    EXPECT_EQ(run(ours(), {102, AUDIT_ARCH_I386, 0, {call}}), SECCOMP_RET_ALLOW) << call;
  EXPECT_EQ(run(ours(), {359, AUDIT_ARCH_I386, 0, {2}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(run(ours(), {359, AUDIT_ARCH_I386, 0, {40}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(run(ours(), {335, native, 0, {}}), SECCOMP_RET_ALLOW);  // uretprobe
}
#endif

program compiled(const oci::seccomp_spec& profile) {
  const std::string bytes = compile(profile).program;
  program p(bytes.size() / sizeof(sock_filter));
  std::memcpy(p.data(), bytes.data(), bytes.size());
  return p;
}

TEST(default_profile_with, allows_what_a_capability_is_for) {
  constexpr std::uint64_t sys_admin = std::uint64_t{1} << 21, net_admin = std::uint64_t{1} << 12;
  EXPECT_TRUE(is_default_for(net_admin));
  EXPECT_FALSE(is_default_for(sys_admin));
  const program without = compiled(default_profile_with(0)), with = compiled(default_profile_with(sys_admin));
  for (const char* name : {"mount", "unshare", "clone3"}) {
    const int number = seccomp_syscall_resolve_name(name);
    EXPECT_NE(run(without, {number, native, 0, {}}), SECCOMP_RET_ALLOW) << name;
    EXPECT_EQ(run(with, {number, native, 0, {}}), SECCOMP_RET_ALLOW) << name;
  }
  const int keyctl = seccomp_syscall_resolve_name("keyctl"), read = seccomp_syscall_resolve_name("read");
  EXPECT_EQ(run(with, {keyctl, native, 0, {}}), SECCOMP_RET_ERRNO | EPERM);
  EXPECT_EQ(run(with, {read, native, 0, {}}), SECCOMP_RET_ALLOW);
}

#if defined(__x86_64__)
// As no_socket_is_made_by_the_entry_that_hides_its_family, also for a container with more capabilities.
TEST(default_profile_with, hides_no_family_either) {
  constexpr std::uint64_t all = (std::uint64_t{1} << 41) - 1;
  for (const program& p : {compiled(default_profile_with(0)), compiled(default_profile_with(all))}) {
    EXPECT_EQ(run(p, {102, AUDIT_ARCH_I386, 0, {1}}), SECCOMP_RET_ERRNO | EPERM);
    for (std::uint64_t call = 2; call <= 20; ++call)
      EXPECT_EQ(run(p, {102, AUDIT_ARCH_I386, 0, {call}}), SECCOMP_RET_ALLOW) << call;
    EXPECT_EQ(run(p, {359, AUDIT_ARCH_I386, 0, {2}}), SECCOMP_RET_ALLOW);
    EXPECT_EQ(run(p, {359, AUDIT_ARCH_I386, 0, {40}}), SECCOMP_RET_ERRNO | EPERM);
    EXPECT_EQ(run(p, {41, AUDIT_ARCH_X86_64, 0, {2}}), SECCOMP_RET_ALLOW);
  }
}

TEST(compile, a_profile_that_names_socketcall_has_it) {
  oci::seccomp_spec profile;
  profile.default_action = "SCMP_ACT_ERRNO";
  profile.architectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
  profile.syscalls = {{{"socket"}, "SCMP_ACT_ALLOW", {}, {{0, 2, 0, "SCMP_CMP_EQ"}}}};
  EXPECT_NE(run(compiled(profile), {102, AUDIT_ARCH_I386, 0, {1}}), SECCOMP_RET_ALLOW);
  profile.syscalls.push_back({{"socketcall"}, "SCMP_ACT_ALLOW", {}, {}});
  EXPECT_EQ(run(compiled(profile), {102, AUDIT_ARCH_I386, 0, {1}}), SECCOMP_RET_ALLOW);
}
#endif

TEST(compile, calls_newer_than_the_profile_are_unknown_not_forbidden) {
  oci::seccomp_spec profile;
  profile.default_action = "SCMP_ACT_ERRNO";
  profile.syscalls = {{{"read", "openat2"}, "SCMP_ACT_ALLOW", {}, {}}};
  program p = compiled(profile);
  const int newest = seccomp_syscall_resolve_name("openat2"), older = seccomp_syscall_resolve_name("keyctl");
  EXPECT_EQ(run(p, {newest, native, 0, {}}), SECCOMP_RET_ALLOW);
  EXPECT_EQ(run(p, {newest + 1, native, 0, {}}), SECCOMP_RET_ERRNO | ENOSYS);
  EXPECT_EQ(run(p, {older, native, 0, {}}), SECCOMP_RET_ERRNO | EPERM);
  profile.default_action = "SCMP_ACT_ALLOW";
  profile.syscalls = {{{"read"}, "SCMP_ACT_ERRNO", {}, {}}};
  p = compiled(profile);
  EXPECT_EQ(run(p, {newest + 1, native, 0, {}}), SECCOMP_RET_ALLOW);
}

TEST(seccomp_profile, is_short) { EXPECT_LE(ours().size(), 400u); }

}  // namespace
}  // namespace lxr::io::seccomp
