// SPDX-License-Identifier: Apache-2.0
#include "core/instance/memory_state.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "core/base/random.hpp"
#include "core/instance/process_identity.hpp"

namespace lxr {
namespace {

constexpr const char *memory = "/dev/shm", *prefix = "lxr-", *origin = "origin", *place = "place",
                     *last_part = "containers";

bool is_in_memory(int fd) {
  struct statfs fs{};
  return ::fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

// Opens a directory of /dev/shm. Every user may write to /dev/shm: returns nullopt unless we own the directory and its
// mode gives nothing to group and others.
std::optional<unique_fd> open_ours(int shm, const std::string& name) {
  unique_fd fd(::openat(shm, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat st{};
  if (!fd || ::fstat(fd.get(), &st) != 0 || st.st_uid != ::geteuid() || (st.st_mode & 077) != 0) return std::nullopt;
  return fd;
}

std::string link_target(int dir, const char* name) {
  char target[PATH_MAX];
  const ssize_t size = ::readlinkat(dir, name, target, sizeof target);
  return size > 0 ? std::string(target, static_cast<std::size_t>(size)) : "";
}

// Returns "lxr-<random>" when the links of the state directory lead to such a directory of /dev/shm, else "".
std::string memory_name(int state) {
  const std::string target = link_target(state, last_part), begin = std::string(memory) + "/" + prefix,
                    end = std::string("/") + last_part;
  if (!target.starts_with(begin) || !target.ends_with(end) || target.size() <= begin.size() + end.size()) return "";
  const std::string name =
      target.substr(std::string(memory).size() + 1, target.size() - std::string(memory).size() - 1 - end.size());
  return name.find('/') == std::string::npos ? name : "";
}

bool has_own_parts(int state) {
  struct stat st{};
  return ::fstatat(state, last_part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

void make_parts(int dir) {
  for (const char* part : state_parts) file::make_directory_at(dir, part);
}

// The inode of our mount namespace. The same path may be another directory in another mount namespace: sweep_one() only
// judges directories of /dev/shm that were made in this one.
std::string mount_namespace() {
  struct stat st{};
  return ::stat("/proc/self/ns/mnt", &st) == 0 ? std::to_string(st.st_ino) : "?";
}

// Returns the state directory that a directory of /dev/shm was made for; "" when it was made in another mount
// namespace. The file holds "MOUNTNAMESPACE PATH".
std::string origin_of(int dir) {
  const std::string text = file::read_at(dir, origin).value_or(""), ours = mount_namespace() + " ";
  return text.starts_with(ours) ? text.substr(ours.size()) : "";
}

bool is_a_name_of_ours(const std::string& name) {
  const std::string random = name.substr(std::min(name.size(), std::string(prefix).size()));
  return name.starts_with(prefix) && random.size() == 16 &&
         random.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// Removes one directory of /dev/shm whose state directory was removed or links elsewhere. The process that makes such a
// directory holds its file lock until the links lead to it, so a locked directory is skipped.
void sweep_one(int shm, const std::string& name) {
  const auto dir = open_ours(shm, name);
  if (!dir || !file::try_lock(dir->get(), name)) return;
  const std::string path = origin_of(dir->get());
  if (path.empty()) return;
  const unique_fd state(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!state && errno != ENOENT && errno != ENOTDIR) return;
  if (!state || memory_name(state.get()) != name) file::remove_tree_at(shm, name);
}

void sweep(int shm) {
  for (const std::string& name : file::list_at(shm, ".")) {
    if (is_a_name_of_ours(name)) quietly([&] { sweep_one(shm, name); });
  }
}

void replace_link(int state, const std::string& target, const char* part) {
  const std::string fresh = std::string(".") + part;
  ::unlinkat(state, fresh.c_str(), 0);
  if (::symlinkat(target.c_str(), state, fresh.c_str()) != 0 || ::renameat(state, fresh.c_str(), state, part) != 0)
    throw_errno("make link", part);
}

// Identifies this /dev/shm in this boot, "<boot>-<device>": every mount namespace may have a /dev/shm of its own.
std::string place_of(int shm) {
  struct stat st{};
  if (::fstat(shm, &st) != 0) throw_errno("examine", memory);
  return std::to_string(this_boot()) + "-" + std::to_string(st.st_dev);
}

// Refuses a state directory whose links lead into the /dev/shm of another mount namespace in this boot. Two processes
// that made the links anew by turns would each lose the other's containers.
void check_place(int shm, int state, const std::string& path) {
  const std::string there = link_target(state, place), here = place_of(shm);
  if (there.empty() || there == here || there.substr(0, there.find('-')) != here.substr(0, here.find('-'))) return;
  throw error(errc::conflict, "use state directory", path, "its state is in the /dev/shm of another mount namespace",
              "call lxr there, or give a --state directory on a tmpfs");
}

unique_fd make_in_memory(int shm, int state, const std::string& path) {
  const std::string name = prefix + random_hex(8), hidden = "." + name;
  if (!file::make_directory_at(shm, hidden))
    throw error(errc::conflict, "make directory", std::string(memory) + "/" + hidden, "it is there already");
  unique_fd dir = file::open_at(shm, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  file::lock(dir.get(), file::lock_kind::exclusive, name);
  file::replace_at(dir.get(), origin, mount_namespace() + " " + path);
  make_parts(dir.get());
  if (::renameat(shm, hidden.c_str(), shm, name.c_str()) != 0)
    throw_errno("make directory", std::string(memory) + "/" + name);
  replace_link(state, place_of(shm), place);
  for (const char* part : state_parts) replace_link(state, std::string(memory) + "/" + name + "/" + part, part);
  file::unlock(dir.get());
  return dir;
}

// Returns nullopt when /dev/shm is missing or is no tmpfs.
std::optional<unique_fd> open_in_memory(int state, const std::string& path) {
  const unique_fd shm(::open(memory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!shm || !is_in_memory(shm.get())) return std::nullopt;
  if (auto there = open_ours(shm.get(), memory_name(state))) return there;
  file::lock(state, file::lock_kind::exclusive, path);
  auto there = open_ours(shm.get(), memory_name(state));  // another process may have made it meanwhile
  if (!there) {
    check_place(shm.get(), state, path);
    quietly([&] { sweep(shm.get()); });
    there = make_in_memory(shm.get(), state, path);
  }
  file::unlock(state);
  return there;
}

}  // namespace

unique_fd open_state_directory(const std::string& path) {
  unique_fd state = file::make_directories(path);
  if (!is_in_memory(state.get()) && !has_own_parts(state.get())) {
    if (auto moved = open_in_memory(state.get(), path)) return std::move(*moved);
  }
  if (!has_own_parts(state.get())) make_parts(state.get());
  return state;
}

std::string memory_of(const std::string& path) {
  const unique_fd state(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const std::string name = state ? memory_name(state.get()) : "";
  return name.empty() ? "" : std::string(memory) + "/" + name;
}

}  // namespace lxr
