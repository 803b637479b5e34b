// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/id_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::cli {
namespace {

[[noreturn]] void refuse(const std::string& path) {
  throw error(errc::already_exists, "write --cidfile", path, "the file exists", "remove it, or name another");
}

}  // namespace

id_file::id_file(const std::string& path) : path_(path) {
  if (path.empty()) return;
  const auto slash = path.rfind('/');
  name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (name_.empty() || name_ == "." || name_ == "..")
    throw error(errc::invalid_argument, "write --cidfile", path, "it is a directory");
  directory_ = file::open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY);
  if (::faccessat(directory_.get(), name_.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) refuse(path);
}

void id_file::write(const std::string& id) {
  if (path_.empty()) return;
  const unique_fd fd(::openat(directory_.get(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!fd && errno == EEXIST) refuse(path_);
  if (!fd) throw_errno("write --cidfile", path_);
  struct stat made{};
  if (::fstat(fd.get(), &made) != 0) throw_errno("write --cidfile", path_);
  device_ = made.st_dev;
  inode_ = made.st_ino;
  file::write_all(fd.get(), id, path_);
}

void id_file::remove() noexcept {
  struct stat now{};
  const bool ours = inode_ != 0 && ::fstatat(directory_.get(), name_.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 &&
                    now.st_dev == device_ && now.st_ino == inode_;
  if (ours) ::unlinkat(directory_.get(), name_.c_str(), 0);
  inode_ = 0;
}

}  // namespace lxr::cli
