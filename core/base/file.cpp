// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/random.hpp"

namespace lxr::file {
namespace {

bool is_dots(const char* name) { return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)); }

// Reads the entries of an open directory by getdents64(2). readdir(3) would make two more system calls and allocate
// memory.
// Borrows: the descriptor and the name.
class directory_reader {
 public:
  struct entry {
    const char* name;
    unsigned char type;  // DT_*; DT_UNKNOWN on some filesystems
  };
  directory_reader(int directory, const std::string& name) : directory_(directory), name_(name) {}

  // Returns the next entry except "." and ".."; nullopt at the end.
  std::optional<entry> next() {
    for (;;) {
      if (const auto one = take()) return one;
      if (!fill()) return std::nullopt;
    }
  }

  // In two steps: the next piece of the directory, false at its end; and the entries of that piece.
  bool fill() {
    const long got = ::syscall(SYS_getdents64, directory_, buffer_, sizeof buffer_);
    if (got < 0) throw_errno("list", name_);
    at_ = 0;
    filled_ = static_cast<std::size_t>(got);
    return got > 0;
  }
  std::optional<entry> take() {
    while (at_ < filled_) {
      const auto* record = reinterpret_cast<const dirent64*>(buffer_ + at_);
      at_ += record->d_reclen;
      if (!is_dots(record->d_name)) return entry{record->d_name, record->d_type};
    }
    return std::nullopt;
  }

 private:
  int directory_;
  const std::string& name_;
  std::size_t at_ = 0, filled_ = 0;
  alignas(dirent64) char buffer_[4096];
};

}  // namespace

unique_fd open_at(int dir, const std::string& name, int flags, mode_t mode) {
  unique_fd fd(::openat(dir, name.c_str(), flags | O_CLOEXEC, mode));
  if (!fd) throw_errno("open", name);
  return fd;
}

std::optional<unique_fd> try_open_at(int dir, const std::string& name, int flags) {
  unique_fd fd(::openat(dir, name.c_str(), flags | O_CLOEXEC));
  if (fd) return fd;
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno("open", name);
}

unique_fd make_directories(const std::string& path) {
  if (auto there = try_open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY)) return std::move(*there);
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    const std::string parent = path.substr(0, at);
    if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) throw_errno("make directory", parent);
  }
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw_errno("make directory", path);
  return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

bool make_directory_at(int dir, const std::string& name, mode_t mode) {
  if (::mkdirat(dir, name.c_str(), mode) == 0) return true;
  if (errno != EEXIST) throw_errno("make directory", name);
  return false;
}

namespace {

enum class ends { at_zero_bytes, at_short_read };

std::string read_until(ends end, int fd, const std::string& name, std::size_t limit) {
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno("read", name);
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit) throw error(errc::exhausted, "read", name, "it is larger than lxr accepts");
    if (got == 0 || (end == ends::at_short_read && got < static_cast<ssize_t>(sizeof buffer))) return content;
  }
}

}  // namespace

std::string read_all(int fd, const std::string& name, std::size_t limit) {
  return read_until(ends::at_zero_bytes, fd, name, limit);
}

std::optional<std::string> read_at(int dir, const std::string& name, std::size_t limit) {
  auto fd = try_open_at(dir, name, O_RDONLY);
  if (!fd) return std::nullopt;
  return read_until(ends::at_short_read, fd->get(), name, limit);
}

std::optional<std::string> read_of_process(pid_t pid, const std::string& name) {
  const std::string path = "/proc/" + std::to_string(pid) + "/" + name;
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  try {
    return read_all(fd.get(), path);
  } catch (const error&) {
    return std::nullopt;
  }
}

void write_all(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw_errno("write", name);
    content.remove_prefix(static_cast<std::size_t>(put));
  }
}

void replace_at(int dir, const std::string& name, std::string_view content, mode_t mode, bool sync) {
  const auto slash = name.rfind('/');
  const std::string hidden = name.substr(0, slash == std::string::npos ? 0 : slash + 1) + ".tmp-" + random_hex(8);
  const unique_fd fd = open_at(dir, hidden, O_WRONLY | O_CREAT | O_EXCL, mode);
  try {
    write_all(fd.get(), content, name);
    if (sync && ::fsync(fd.get()) != 0) throw_errno("write to disk", name);
    if (::renameat(dir, hidden.c_str(), dir, name.c_str()) != 0) throw_errno("write", name);
  } catch (...) {
    ::unlinkat(dir, hidden.c_str(), 0);
    throw;
  }
}

std::vector<std::string> list_at(int dir, const std::string& name) {
  auto fd = try_open_at(dir, name, O_RDONLY | O_DIRECTORY);
  std::vector<std::string> names;
  if (!fd) return names;
  directory_reader entries(fd->get(), name);
  while (const auto entry = entries.next()) names.emplace_back(entry->name);
  return names;
}

namespace {

std::uint64_t usage_of_level(int dir, const std::string& name, int depth) {
  constexpr int levels = 64;  // each holds a descriptor; deeper files are not counted
  struct stat st{};
  if (::fstatat(dir, name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return 0;
  std::uint64_t bytes = static_cast<std::uint64_t>(st.st_blocks) * 512;
  if (!S_ISDIR(st.st_mode) || depth == levels) return bytes;
  const auto inner = try_open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!inner) return bytes;
  for (const std::string& child : list_at(inner->get(), ".")) bytes += usage_of_level(inner->get(), child, depth + 1);
  return bytes;
}

}  // namespace

std::uint64_t disk_usage_at(int dir, const std::string& name) { return usage_of_level(dir, name, 0); }

namespace {

bool remove_file(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (errno == EISDIR || errno == EPERM) return false;
  throw_errno("remove", name);
}

bool remove_if_empty(int dir, const std::string& name) {
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
  if (errno == ENOTEMPTY || errno == EEXIST) return false;
  throw_errno("remove", name);
}

// Removes the file or directory `name` of `dir`. Each level of a tree holds a descriptor, so a directory at level 64 is
// not entered: it is renamed to a new name in the directory `beside` of `top`, and that name is added to `later`.
void remove_level(int top, const std::string& beside, int dir, const std::string& name, unsigned char type, int depth,
                  std::vector<std::string>& later) {
  constexpr int levels = 64;
  if (type != DT_DIR && type != DT_UNKNOWN && remove_file(dir, name)) return;
  if (depth == levels) {
    if (type == DT_UNKNOWN && remove_file(dir, name)) return;
    later.push_back(beside + ".deep-" + random_hex(8));
    if (::renameat(dir, name.c_str(), top, later.back().c_str()) == 0) return;
    throw_errno("remove", name);
  }
  const auto fd = try_open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!fd) {
    remove_file(dir, name);
    return;
  }
  // Most directories are empty after their first piece, and need not be read to the end.
  directory_reader entries(fd->get(), name);
  while (entries.fill()) {
    while (const auto entry = entries.take())
      remove_level(top, beside, fd->get(), entry->name, entry->type, depth + 1, later);
    if (remove_if_empty(dir, name)) return;
  }
  if (!remove_if_empty(dir, name)) throw_errno("remove", name);
}

}  // namespace

void remove_tree_at(int dir, const std::string& name) {
  const auto slash = name.rfind('/');
  // The directory that holds the tree: removing the tree needs the same permission as renaming into it.
  const std::string beside = name.substr(0, slash == std::string::npos ? 0 : slash + 1);
  std::vector<std::string> coming{name};
  while (!coming.empty()) {
    const std::string next = std::move(coming.back());
    coming.pop_back();
    remove_level(dir, beside, dir, next, DT_UNKNOWN, 0, coming);
  }
}

}  // namespace lxr::file
