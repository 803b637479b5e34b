// SPDX-License-Identifier: Apache-2.0
#include "io/seccomp/compile.hpp"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

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
    if (out.size() / sizeof(sock_filter) > BPF_MAXINSNS)
      throw error(errc::unsupported, "use seccomp profile", "", "its filter is longer than the kernel takes");
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

filter compile(const oci::seccomp_spec& profile) {
  if (!profile.listener_path.empty())
    throw error(errc::unsupported, "use", "linux.seccomp.listenerPath", "lxr does not do that yet");
  const std::uint32_t default_action = action_of(profile.default_action, profile.default_errno_ret);
  compilation c(default_action);
  for (const std::string& word : profile.architectures) c.add_architecture(architecture_of(word));
  for (const oci::syscall_rule& rule : profile.syscalls) c.add(rule, default_action);
  filter out{c.program(), 0};
  for (const std::string& word : profile.flags) out.flags |= flag_of(word);
  return out;
}

}  // namespace lxr::io::seccomp
