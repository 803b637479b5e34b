// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/confinement.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <vector>

#include "core/base/error.hpp"
#include "io/http/trust.hpp"
#include "io/process/file_access.hpp"

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

void restrict_files(const instance& where, const std::string& layout) {
  using enum io::process::file_access;
  std::vector<io::process::file_rule> rules{{where.root(), all}};
  for (const char* readable :
       {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services",
        "/etc/ld.so.cache", "/usr", "/lib", "/lib64", "/run/systemd/resolve", "/dev/urandom"})
    rules.push_back({readable, read});
  for (const std::string& place : io::http::certificate_places()) rules.push_back({place, read});
  if (!layout.empty()) rules.push_back({layout, read});
  io::process::restrict_files(rules);
}

}  // namespace

void confine(const instance& where, const std::string& layout) {
  drop_capabilities();
  restrict_files(where, layout);
}

}  // namespace lxr::image_worker
