// Build-time tool: compiles a profile text (default_profile.txt) into BPF bytes, as a C++ initialiser list.
// usage: seccomp_generate PROFILE > OUT
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

void check(int result, const std::string& what) {
  if (result < 0) throw std::runtime_error(what + ": libseccomp says " + std::to_string(result));
}

void add_line(scmp_filter_ctx filter, const std::string& line) {
  std::istringstream words(line);
  std::string kind, name;
  words >> kind >> name;
  const int number = seccomp_syscall_resolve_name(name.c_str());
  if (number == __NR_SCMP_ERROR) throw std::runtime_error("unknown system call " + name);
  if (kind == "allow") {
    check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0), line);
  } else if (kind == "allow-if") {
    unsigned argument = 0;
    std::string mask, value;
    words >> argument >> mask >> value;
    const scmp_arg_cmp condition{argument, SCMP_CMP_MASKED_EQ, std::stoull(mask, nullptr, 0), std::stoull(value, nullptr, 0)};
    check(seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &condition), line);
  } else if (kind == "errno") {
    check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0), line);
  } else {
    throw std::runtime_error("unknown word: " + line);
  }
}

// Numbers above the newest one known here: ENOSYS instead of the default EPERM. Native architecture only.
std::vector<sock_filter> newer_calls_prelude() {
#if defined(__x86_64__)
  constexpr unsigned native = AUDIT_ARCH_X86_64;
#else
  constexpr unsigned native = AUDIT_ARCH_AARCH64;
#endif
  constexpr unsigned newest = 462, x32_bit = 0x40000000;
  return {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, x32_bit, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
}

std::vector<sock_filter> compile(std::istream& profile) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
#if defined(__x86_64__)
  check(seccomp_arch_add(filter, SCMP_ARCH_X86), "add x86");
#endif
  check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "other architectures");
  check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "binary tree");
  for (std::string line; std::getline(profile, line);) {
    if (!line.empty() && line[0] != '#') add_line(filter, line);
  }
  std::FILE* file = std::tmpfile();
  check(seccomp_export_bpf(filter, fileno(file)), "export");
  seccomp_release(filter);
  std::vector<sock_filter> program = newer_calls_prelude();
  std::rewind(file);
  for (sock_filter one{}; std::fread(&one, sizeof one, 1, file) == 1;) program.push_back(one);
  std::fclose(file);
  return program;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::ifstream profile(argc > 1 ? argv[1] : "");
    if (!profile) throw std::runtime_error("usage: seccomp_generate PROFILE");
    for (const sock_filter& f : compile(profile)) {
      std::cout << '{' << f.code << ',' << int{f.jt} << ',' << int{f.jf} << ',' << f.k << "u},\n";
    }
  } catch (const std::exception& e) {
    std::cerr << "seccomp_generate: " << e.what() << '\n';
    return 1;
  }
}
