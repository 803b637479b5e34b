// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/confinement.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "core/base/error.hpp"
#include "io/http/trust.hpp"

namespace lxr::image_worker {
namespace {

constexpr std::uint64_t kept_capabilities = 1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_FOWNER |
                                            1ull << CAP_FSETID | 1ull << CAP_MKNOD | 1ull << CAP_SETFCAP |
                                            1ull << CAP_SYS_ADMIN;

void drop_capabilities() {
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept_capabilities >> capability & 1) == 0 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 &&
        errno == EINVAL)
      break;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (::syscall(SYS_capget, &header, sets) != 0) throw_errno("read", "capabilities");
  for (int half = 0; half < 2; ++half) {
    const auto keep = static_cast<std::uint32_t>(kept_capabilities >> (32 * half));
    sets[half].permitted &= keep;
    sets[half].effective &= keep;
    sets[half].inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, sets) != 0) throw_errno("drop", "capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno("set", "no_new_privs");
}

constexpr std::uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// All rights of the first Landlock version.
constexpr std::uint64_t all_access = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t refer_access = 1ull << 13, truncate_access = 1ull << 14;

void allow(int rules, const char* path, std::uint64_t access) {
  const unique_fd fd(::open(path, O_PATH | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0) return;
  // The kernel refuses a rule for a file with rights that only directories have.
  const std::uint64_t rights = S_ISDIR(st.st_mode) ? access : access & LANDLOCK_ACCESS_FS_READ_FILE;
  const landlock_path_beneath_attr beneath{rights, fd.get()};
  ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

void restrict_files(const instance& where, const std::string& layout) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return;  // a kernel without Landlock
  std::uint64_t handled = all_access;
  if (version >= 2) handled |= refer_access;
  if (version >= 3) handled |= truncate_access;
  const landlock_ruleset_attr attributes{handled};
  const unique_fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!rules) throw_errno("create", "Landlock rules");
  allow(rules.get(), where.root().c_str(), handled & ~static_cast<std::uint64_t>(LANDLOCK_ACCESS_FS_EXECUTE));
  for (const char* readable :
       {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
        "/etc/ld.so.cache", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/dev/urandom"})
    allow(rules.get(), readable, handled & read_access);
  for (const std::string& place : io::http::certificate_places())
    allow(rules.get(), place.c_str(), handled & read_access);
  if (!layout.empty()) allow(rules.get(), layout.c_str(), read_access);
  if (::syscall(SYS_landlock_restrict_self, rules.get(), 0) != 0) throw_errno("apply", "Landlock rules");
}

}  // namespace

void confine(const instance& where, const std::string& layout) {
  drop_capabilities();
  restrict_files(where, layout);
}

}  // namespace lxr::image_worker
