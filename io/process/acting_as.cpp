// SPDX-License-Identifier: Apache-2.0
#include "io/process/acting_as.hpp"

#include <linux/capability.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "core/base/error.hpp"

namespace lxr::io::process {
namespace {

void change_back() {
  ::setfsuid(0);
  ::setfsgid(0);
}

}  // namespace

acting_as::acting_as(std::uint32_t uid, std::uint32_t gid) : changes_(uid != 0 || gid != 0) {
  if (!changes_) return;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  const bool known = ::syscall(SYS_capget, &header, sets) == 0;
  ::setfsgid(gid);
  ::setfsuid(uid);  // takes CAP_DAC_OVERRIDE and others away (capabilities(7)), which are given back here
  if (known && ::syscall(SYS_capset, &header, sets) == 0) return;
  const int code = errno;
  change_back();
  errno = code;
  throw_errno("act as", std::to_string(uid));
}

acting_as::~acting_as() {
  if (changes_) change_back();
}

}  // namespace lxr::io::process
