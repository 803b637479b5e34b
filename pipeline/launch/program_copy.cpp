// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/program_copy.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC 0x0010U
#endif

namespace lxr::launch {
namespace {

// `execution` is MFD_EXEC or MFD_NOEXEC_SEAL. Kernels before 6.3 refuse both with EINVAL, and make every memfd
// executable.
unique_fd make_memfd(const char* name, unsigned flags, unsigned execution) {
  unique_fd fd(::memfd_create(name, MFD_CLOEXEC | flags | execution));
  if (!fd && errno == EINVAL) fd.reset(::memfd_create(name, MFD_CLOEXEC | flags));
  return fd;
}

unique_fd copy_to_tmpfs(std::string_view content) {
  const unique_fd fs(::fsopen("tmpfs", FSOPEN_CLOEXEC));
  if (!fs || ::fsconfig(fs.get(), FSCONFIG_SET_STRING, "mode", "0700", 0) != 0 ||
      ::fsconfig(fs.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
    throw_errno("copy", "lxr-init");
  }
  const unique_fd mount(::fsmount(fs.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (!mount) throw_errno("copy", "lxr-init");
  {
    const unique_fd file = file::open_at(mount.get(), "lxr-init", O_WRONLY | O_CREAT | O_EXCL, 0500);
    file::write_all(file.get(), content, "lxr-init");
  }
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    throw_errno("seal", "lxr-init");
  return file::open_at(mount.get(), "lxr-init", O_RDONLY);
}

}  // namespace

unique_fd copy_program(std::string_view content) {
  unique_fd copy = make_memfd("lxr-init", MFD_ALLOW_SEALING, MFD_EXEC);
  if (!copy && errno == EACCES) return copy_to_tmpfs(content);
  if (!copy) throw_errno("copy", "lxr-init");
  file::write_all(copy.get(), content, "lxr-init");
  if (::fcntl(copy.get(), F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    throw_errno("seal", "lxr-init");
  return copy;
}

unique_fd make_plan_memory() {
  unique_fd memory = make_memfd("lxr-plan", 0, MFD_NOEXEC_SEAL);
  if (!memory) throw_errno("create", "memory for the launch plan");
  return memory;
}

}  // namespace lxr::launch
