// SPDX-License-Identifier: Apache-2.0
#include "io/process/detached.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "core/base/error.hpp"

namespace lxr::io::process {
namespace {

struct spawn_settings {
  spawn_settings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~spawn_settings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  spawn_settings(const spawn_settings&) = delete;
  spawn_settings& operator=(const spawn_settings&) = delete;

  posix_spawn_file_actions_t actions{};
  posix_spawnattr_t attributes{};
};

void use_default_signals(spawn_settings& how) {
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&how.attributes, &none);
  ::posix_spawnattr_setsigdefault(&how.attributes, &all);
  ::posix_spawnattr_setflags(&how.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

}  // namespace

void run_detached(const std::vector<std::string>& arguments, const std::vector<int>& given) {
  const int behind = first_given + static_cast<int>(given.size());
  spawn_settings how;
  for (int fd = 0; fd < first_given; ++fd) ::posix_spawn_file_actions_addopen(&how.actions, fd, "/dev/null", O_RDWR, 0);
  std::vector<unique_fd> copies;  // whose numbers are not those of others in the new process
  for (std::size_t i = 0; i < given.size(); ++i) {
    copies.emplace_back(::fcntl(given[i], F_DUPFD_CLOEXEC, behind));
    if (!copies.back()) throw_errno("copy", "descriptor");
    ::posix_spawn_file_actions_adddup2(&how.actions, copies.back().get(), first_given + static_cast<int>(i));
  }
  ::posix_spawn_file_actions_addclosefrom_np(&how.actions, behind);
  ::posix_spawn_file_actions_addchdir_np(&how.actions, "/");
  use_default_signals(how);
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
  words.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, "/proc/self/exe", &how.actions, &how.attributes, words.data(), environment);
  if (failed != 0) throw_errno(failed, "start", arguments.front());
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void live_on(const char* name) {
  if (::fork() > 0) ::_exit(0);
  ::prctl(PR_SET_NAME, name, 0, 0, 0);
  const unique_fd score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) static_cast<void>(!::write(score.get(), "-999", 4));
}

}  // namespace lxr::io::process
