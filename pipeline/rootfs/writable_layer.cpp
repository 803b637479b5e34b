// SPDX-License-Identifier: Apache-2.0
#include "pipeline/rootfs/writable_layer.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::rootfs {
namespace {

constexpr const char *upper = "upper", *fresh_upper = "upper.new", *work = "work";

bool has_upper(int data) { return ::faccessat(data, upper, F_OK, 0) == 0; }

void take_metadata(int to, int from) {
  struct stat st{};
  if (::fstat(from, &st) != 0) throw_errno("look at", "the image's root");
  if ((st.st_uid != 0 || st.st_gid != 0) && ::fchown(to, st.st_uid, st.st_gid) != 0)
    throw_errno("set owner of", "the container's root");
  if (::fchmod(to, st.st_mode & 07777) != 0) throw_errno("set mode of", "the container's root");
}

}  // namespace

void prepare_writable_layer(int data, bool intact) {
  if (!has_upper(data)) {
    file::make_directory_at(data, fresh_upper, 0755);
    if (file::make_directory_at(data, work, 0700)) return;
  } else if (!intact && ::faccessat(data, "work/work/incompat/volatile", F_OK, 0) == 0) {
    throw error(errc::corrupt, "use", "the container's files",
                "they were volatile, and the host went down while it ran: some may be incomplete",
                "remove it and make it anew");
  }
  file::remove_tree_at(data, work);
  file::make_directory_at(data, work, 0700);
}

writable_layer open_writable_layer(int data, int image_root) {
  const bool fresh = !has_upper(data);
  writable_layer out{file::open_at(data, fresh ? fresh_upper : upper, O_RDONLY | O_DIRECTORY),
                     file::open_at(data, work, O_RDONLY | O_DIRECTORY)};
  if (!fresh) return out;
  take_metadata(out.upper.get(), image_root);
  if (::renameat(data, fresh_upper, data, upper) != 0) throw_errno("prepare", "the container's root");
  return out;
}

}  // namespace lxr::rootfs
