// SPDX-License-Identifier: Apache-2.0
#include "io/seccomp/compile.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::io::seccomp {
namespace {

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

[[noreturn]] void refuse(const std::string& word, const char* what) {
  throw error(errc::invalid_argument, "use seccomp profile", '"' + word + '"', std::string("there is no such ") + what);
}

template <class Value, std::size_t count>
Value find(const std::string& word, const std::pair<std::string_view, Value> (&known)[count], const char* what) {
  for (const auto& [name, value] : known) {
    if (word == name) return value;
  }
  refuse(word, what);
}

std::uint32_t action_of(const std::string& word, std::optional<std::uint32_t> code) {
  static constexpr std::pair<std::string_view, std::uint32_t> known[] = {
      {"SCMP_ACT_KILL", SCMP_ACT_KILL},
      {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
      {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
      {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
      {"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
      {"SCMP_ACT_LOG", SCMP_ACT_LOG},
      {"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
      {"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
      {"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)}};
  const std::uint32_t action = find(word, known, "action");
  if (action == SCMP_ACT_NOTIFY)
    throw error(errc::unsupported, "use seccomp profile", word, "lxr asks no listener yet");
  if (action == SCMP_ACT_ERRNO(0)) return SCMP_ACT_ERRNO(code.value_or(EPERM));
  if (action == SCMP_ACT_TRACE(0)) return SCMP_ACT_TRACE(code.value_or(EPERM));
  return action;
}

scmp_compare operator_of(const std::string& word) {
  static constexpr std::pair<std::string_view, scmp_compare> known[] = {{"SCMP_CMP_NE", SCMP_CMP_NE},
                                                                        {"SCMP_CMP_LT", SCMP_CMP_LT},
                                                                        {"SCMP_CMP_LE", SCMP_CMP_LE},
                                                                        {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                                                        {"SCMP_CMP_GE", SCMP_CMP_GE},
                                                                        {"SCMP_CMP_GT", SCMP_CMP_GT},
                                                                        {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}};
  return find(word, known, "operator");
}

std::uint32_t flag_of(const std::string& word) {
  static constexpr std::pair<std::string_view, std::uint32_t> known[] = {
      {"SECCOMP_FILTER_FLAG_TSYNC", 0},  // of a process with one thread
      {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
      {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
      {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV}};
  return find(word, known, "flag");
}

// "SCMP_ARCH_X86_64" is "x86_64" to libseccomp.
std::uint32_t architecture_of(const std::string& word) {
  constexpr std::string_view prefix = "SCMP_ARCH_";
  if (!word.starts_with(prefix)) refuse(word, "architecture");
  std::string name = word.substr(prefix.size());
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  const std::uint32_t number = ::seccomp_arch_resolve_name(name.c_str());
  if (number == 0) refuse(word, "architecture");
  return number;
}

struct release {
  void operator()(void* context) const noexcept { ::seccomp_release(context); }
};

class compilation {
 public:
  explicit compilation(std::uint32_t default_action) : context_(::seccomp_init(default_action)) {
    if (!context_) throw error(errc::invalid_argument, "use seccomp profile", "", "its default action is no good");
    ::seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_NNP, 0);
  }

  // One of another byte order cannot be in the same filter: that is not this machine's.
  void add_architecture(std::uint32_t architecture) {
    const int done = ::seccomp_arch_add(context_.get(), architecture);
    if (done != 0 && done != -EEXIST && done != -EDOM) fail(done, "add an architecture");
  }

  void add(const oci::syscall_rule& rule, std::uint32_t default_action) {
    const std::uint32_t action = action_of(rule.action, rule.errno_ret);
    if (action == default_action) return;  // libseccomp refuses a rule that says nothing new
    for (const std::string& name : rule.names) {
      const int number = ::seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) continue;
      add(number, action, rule.args);
    }
  }

  [[nodiscard]] std::string program() {
    const unique_fd memory(::memfd_create("seccomp", MFD_CLOEXEC));
    if (!memory) throw_errno("create", "memory for a seccomp filter");
    const int done = ::seccomp_export_bpf(context_.get(), memory.get());
    if (done != 0) fail(done, "compile");
    std::string out(static_cast<std::size_t>(::lseek(memory.get(), 0, SEEK_END)), '\0');
    if (::pread(memory.get(), out.data(), out.size(), 0) != static_cast<ssize_t>(out.size()))
      throw_errno("read", "a seccomp filter");
    return out;
  }

 private:
  [[noreturn]] static void fail(int code, const char* what) {
    throw error(std::error_code(-code, std::generic_category()), what, "seccomp profile");
  }

  // An argument that is named twice means that either may match (runc and crun since they exist); libseccomp takes an
  // argument once in a rule.
  void add(int number, std::uint32_t action, const std::vector<oci::syscall_argument>& args) {
    std::vector<scmp_arg_cmp> comparisons;
    bool repeats = false;
    for (const oci::syscall_argument& a : args) {
      for (const scmp_arg_cmp& known : comparisons) repeats = repeats || known.arg == a.index;
      comparisons.push_back({a.index, operator_of(a.op), a.value, a.value_two});
    }
    if (repeats) {
      for (const scmp_arg_cmp& one : comparisons) add_rule(number, action, &one, 1);
    } else {
      add_rule(number, action, comparisons.data(), static_cast<unsigned>(comparisons.size()));
    }
  }

  // A call that one of the architectures does not have (-EDOM) or that is there already (-EEXIST) is no fault.
  void add_rule(int number, std::uint32_t action, const scmp_arg_cmp* comparisons, unsigned count) {
    const int done = ::seccomp_rule_add_array(context_.get(), action, number, count, comparisons);
    if (done != 0 && done != -EDOM && done != -EEXIST) fail(done, "add a rule to the");
  }

  std::unique_ptr<void, release> context_;
};

}  // namespace

namespace {

// What precedes a program that denies what it does not name: calls with a higher number than any that it names are
// newer than the profile, and answer ENOSYS, so that libc falls back.
std::string newer_calls_are_absent(const oci::seccomp_spec& profile, const std::vector<std::uint32_t>& architectures) {
  constexpr std::uint32_t x32_bit = 0x40000000;
  const bool has_x32 = std::ranges::find(profile.architectures, "SCMP_ARCH_X32") != profile.architectures.end();
  std::vector<sock_filter> out{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch))};
  for (const std::uint32_t architecture : architectures) {
    int highest = -1;
    for (const oci::syscall_rule& rule : profile.syscalls) {
      for (const std::string& name : rule.names)
        highest = std::max(highest, ::seccomp_syscall_resolve_name_rewrite(architecture, name.c_str()));
    }
    if (highest < 0 || architecture == SCMP_ARCH_X32) continue;
    const bool skips_x32 = architecture == SCMP_ARCH_X86_64 && has_x32;
    const auto number = static_cast<std::uint32_t>(highest);
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, architecture, 0, static_cast<std::uint8_t>(skips_x32 ? 5 : 4)));
    out.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    if (skips_x32) out.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 2, 0));
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, number, 0, 1));
    out.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    out.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)));
  }
  return {reinterpret_cast<const char*>(out.data()), out.size() * sizeof out.front()};
}

// On 32-bit x86 socketcall(2) does what these calls do, by their numbers; their own arguments lie in memory, where no
// filter sees them. For a call that is allowed by its arguments libseccomp lets it through unseen. Unless the profile
// names socketcall itself, whatever its arguments, this denies it for those.
std::string hidden_arguments_are_denied(const oci::seccomp_spec& profile, std::uint32_t default_action) {
  static constexpr std::array<std::string_view, 20> calls{
      "socket",     "bind",    "connect", "listen",  "accept",   "getsockname", "getpeername",
      "socketpair", "send",    "recv",    "sendto",  "recvfrom", "shutdown",    "setsockopt",
      "getsockopt", "sendmsg", "recvmsg", "accept4", "recvmmsg", "sendmmsg"};
  constexpr std::uint32_t socketcall = 102;
  std::set<std::uint32_t> seen;
  for (const oci::syscall_rule& rule : profile.syscalls) {
    for (const std::string& name : rule.names) {
      if (name == "socketcall" && rule.args.empty()) return {};
      const auto* found = std::ranges::find(calls, name);
      if (!rule.args.empty() && found != calls.end())
        seen.insert(static_cast<std::uint32_t>(found - calls.begin()) + 1);
    }
  }
  const auto rest = static_cast<std::uint8_t>(seen.size() * 2);
  if (seen.empty()) return {};
  std::vector<sock_filter> out{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SCMP_ARCH_X86, 0, static_cast<std::uint8_t>(rest + 3)),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, socketcall, 0, static_cast<std::uint8_t>(rest + 1)),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args))};  // of the low half, on a little-endian machine
  for (const std::uint32_t call : seen) {
    out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    out.push_back(BPF_STMT(BPF_RET | BPF_K, default_action));
  }
  return {reinterpret_cast<const char*>(out.data()), out.size() * sizeof out.front()};
}

bool denies(std::uint32_t action) {
  return action != SCMP_ACT_ALLOW && action != SCMP_ACT_LOG && action != SCMP_ACT_ERRNO(ENOSYS) &&
         (action & SECCOMP_RET_ACTION_FULL) != SCMP_ACT_TRACE(0);
}

}  // namespace

filter compile(const oci::seccomp_spec& profile) {
  if (!profile.listener_path.empty())
    throw error(errc::unsupported, "use", "linux.seccomp.listenerPath", "lxr does not do that yet");
  const std::uint32_t default_action = action_of(profile.default_action, profile.default_errno_ret);
  compilation c(default_action);
  std::vector<std::uint32_t> architectures{::seccomp_arch_native()};
  for (const std::string& word : profile.architectures) {
    const std::uint32_t architecture = architecture_of(word);
    c.add_architecture(architecture);
    if (architecture != architectures.front()) architectures.push_back(architecture);
  }
  for (const oci::syscall_rule& rule : profile.syscalls) c.add(rule, default_action);
  filter out{c.program(), 0};
  if (denies(default_action)) out.program.insert(0, newer_calls_are_absent(profile, architectures));
  if (denies(default_action) && std::ranges::find(architectures, SCMP_ARCH_X86) != architectures.end())
    out.program.insert(0, hidden_arguments_are_denied(profile, default_action));
  if (out.program.size() / sizeof(sock_filter) > BPF_MAXINSNS)
    throw error(errc::unsupported, "use seccomp profile", "", "its filter is longer than the kernel takes");
  for (const std::string& word : profile.flags) out.flags |= flag_of(word);
  return out;
}

}  // namespace lxr::io::seccomp
