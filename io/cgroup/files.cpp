// SPDX-License-Identifier: Apache-2.0
#include "io/cgroup/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::io::cgroup {

bool write_file(const std::string& path, const std::string& value) noexcept {
  const unique_fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return false;
  const ssize_t put = ::write(fd.get(), value.data(), value.size());
  const int reason = errno;  // close() must not change it
  const bool whole = put == static_cast<ssize_t>(value.size());
  errno = whole ? 0 : reason;
  return whole;
}

std::optional<std::string> read_file(const std::string& path) {
  const unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  try {
    return file::read_all(fd.get(), path);
  } catch (const error&) {
    return std::nullopt;  // the group was removed meanwhile (ENODEV)
  }
}

std::uint64_t number_after(const std::string& text, const std::string& key) {
  const std::string wanted = key + " ";
  for (std::size_t line = 0; line < text.size(); line = text.find('\n', line) + 1) {
    if (text.compare(line, wanted.size(), wanted) == 0)
      return std::strtoull(text.c_str() + line + wanted.size(), nullptr, 10);
    if (text.find('\n', line) == std::string::npos) break;
  }
  return 0;
}

std::vector<std::string> groups_below(const std::string& directory) {
  std::vector<std::string> out;
  const unique_fd above(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!above) return out;
  for (const std::string& name : file::list_at(above.get(), ".")) {
    struct stat st{};
    if (::fstatat(above.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode)) continue;
    for (std::string& deeper : groups_below(directory + "/" + name)) out.push_back(std::move(deeper));
    out.push_back(directory + "/" + name);
  }
  return out;
}

std::vector<pid_t> processes_below(const std::string& directory) {
  std::vector<std::string> all = groups_below(directory);
  all.push_back(directory);
  std::vector<pid_t> out;
  for (const std::string& one : all) {
    const std::string text = read_file(one + "/cgroup.procs").value_or("");
    for (const char* at = text.c_str(); *at != 0;) {
      char* end = nullptr;
      const long pid = std::strtol(at, &end, 10);
      if (end == at) break;
      if (pid > 0) out.push_back(static_cast<pid_t>(pid));
      at = *end == '\n' ? end + 1 : end;
    }
  }
  return out;
}

}  // namespace lxr::io::cgroup
