// SPDX-License-Identifier: Apache-2.0
#include "core/instance/ownership.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace lxr {
namespace {

constexpr std::size_t longest_mark = 250;  // bytes; an nft comment and a link alias (IFALIASZ - 1) hold hardly more

std::string prefix() {
  struct stat st{};
  static const std::string known = "lxr " + std::to_string(::stat("/proc/self/ns/mnt", &st) == 0 ? st.st_ino : 0) + " ";
  return known;
}

// Returns true when `path` still is the directory open as `fd`. Compares the subdirectory containers/, which the root
// and the state directory both have: the state directory itself may only hold links into /dev/shm (memory_state.hpp).
bool leads_to(const std::string& path, int fd) {
  struct stat opened{}, named{};
  return ::fstatat(fd, "containers", &opened, 0) == 0 && ::stat((path + "/containers").c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

std::string owner_mark(const instance& where) {
  std::string mark = prefix() + where.state();
  return mark.size() <= longest_mark ? mark : "";
}

bool is_orphaned(const std::string& mark) {
  const std::string ours = prefix();
  if (!mark.starts_with(ours + "/")) return false;
  struct stat st{};
  return ::lstat(mark.substr(ours.size()).c_str(), &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool was_replaced(const instance& where) {
  return !leads_to(where.root(), where.root_fd()) || !leads_to(where.state(), where.state_fd());
}

}  // namespace lxr
