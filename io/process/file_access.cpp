// SPDX-License-Identifier: Apache-2.0
#include "io/process/file_access.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "core/base/error.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::io::process {
namespace {

constexpr std::uint64_t read_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// All rights of the first Landlock version.
constexpr std::uint64_t first_rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
constexpr std::uint64_t refer_access = 1ull << 13, truncate_access = 1ull << 14;
// Rights that a rule may give for a file; the kernel refuses one with rights that only directories have.
constexpr std::uint64_t rights_of_files =
    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | truncate_access;

void allow(int rules, const std::string& path, std::uint64_t access) {
  const unique_fd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0) return;
  const landlock_path_beneath_attr beneath{S_ISDIR(st.st_mode) ? access : access & rights_of_files, fd.get()};
  ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
}

}  // namespace

void restrict_files(const std::vector<file_rule>& rules) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return;
  std::uint64_t handled = first_rights;
  if (version >= 2) handled |= refer_access;
  if (version >= 3) handled |= truncate_access;
  const landlock_ruleset_attr attributes{handled};
  const unique_fd set(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!set) throw_errno("create", "Landlock rules");
  for (const file_rule& rule : rules) {
    const std::uint64_t rights = rule.access == file_access::all
                                     ? handled & ~static_cast<std::uint64_t>(LANDLOCK_ACCESS_FS_EXECUTE)
                                     : read_access;
    allow(set.get(), rule.path, rights);
  }
  if (::syscall(SYS_landlock_restrict_self, set.get(), 0) != 0) throw_errno("apply", "Landlock rules");
}

}  // namespace lxr::io::process
