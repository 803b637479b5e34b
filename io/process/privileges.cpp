// SPDX-License-Identifier: Apache-2.0
#include "io/process/privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"

namespace lxr::io::process {

void keep_capabilities(std::uint64_t kept) {
  for (int capability = 0; capability < 64; ++capability) {
    if ((kept >> capability & 1) == 0 && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  if (::syscall(SYS_capget, &header, sets) != 0) throw_errno("read", "capabilities");
  for (int half = 0; half < 2; ++half) {
    const auto keep = static_cast<std::uint32_t>(kept >> (32 * half));
    sets[half].permitted &= keep;
    sets[half].effective &= keep;
    sets[half].inheritable = 0;
  }
  if (::syscall(SYS_capset, &header, sets) != 0) throw_errno("drop", "capabilities");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) throw_errno("set", "no_new_privs");
}

}  // namespace lxr::io::process
