// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/resolver_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "pipeline/network/resolver.hpp"

namespace lxr::network {
namespace {

constexpr const char *directory = "resolver", *socket_path = "resolver/socket", *lock_path = "resolver/lock";
constexpr int first_free = resolver_lock + 1;

unique_fd make_socket() {
  unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) throw_errno("create", "socket of the resolver");
  return fd;
}

// Names the directory by its descriptor, because its path may be longer than sun_path (108 bytes, unix(7)).
sockaddr_un address_of(const instance& where) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::snprintf(out.sun_path, sizeof out.sun_path, "/proc/self/fd/%d/%s", where.state_fd(), socket_path);
  return out;
}

unique_fd listen_for_messages(const instance& where) {
  unique_fd fd = make_socket();
  const sockaddr_un address = address_of(where);
  forget_resolver(where);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    throw_errno("listen on", "socket of the resolver");
  return fd;
}

// A duplicate with a number that the new process does not use for another one.
unique_fd out_of_the_way(const unique_fd& fd) {
  unique_fd out(::fcntl(fd.get(), F_DUPFD_CLOEXEC, first_free));
  if (!out) throw_errno("copy", "descriptor");
  return out;
}

class spawn_settings {
 public:
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

// Runs this program anew, with nothing of this process but the two descriptors. It forks, and its parent ends at once:
// so it is nobody's child.
void spawn(const unique_fd& listener, const unique_fd& lock) {
  spawn_settings how;
  for (int fd = 0; fd < 3; ++fd) ::posix_spawn_file_actions_addopen(&how.actions, fd, "/dev/null", O_RDWR, 0);
  ::posix_spawn_file_actions_adddup2(&how.actions, listener.get(), resolver_listener);
  ::posix_spawn_file_actions_adddup2(&how.actions, lock.get(), resolver_lock);
  ::posix_spawn_file_actions_addclosefrom_np(&how.actions, first_free);
  ::posix_spawn_file_actions_addchdir_np(&how.actions, "/");
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&how.attributes, &none);
  ::posix_spawnattr_setsigdefault(&how.attributes, &all);
  ::posix_spawnattr_setflags(&how.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const char* argv[] = {resolver_program, nullptr};
  const char* environment[] = {nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawn(&pid, "/proc/self/exe", &how.actions, &how.attributes, const_cast<char**>(argv),
                                   const_cast<char**>(environment));
  if (failed != 0) throw_errno(failed, "start", "resolver");
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

unique_fd connect_to_resolver(const instance& where) {
  unique_fd fd = make_socket();
  const sockaddr_un address = address_of(where);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  // Messages are small and answered one by one: sending never waits.
  ::fcntl(fd.get(), F_SETFL, 0);
  return fd;
}

bool start_resolver(const instance& where) {
  file::make_directory_at(where.state_fd(), directory);
  const unique_fd lock = file::open_at(where.state_fd(), lock_path, O_RDWR | O_CREAT);
  if (!file::try_lock(lock.get(), "resolver")) return false;
  const unique_fd listener = listen_for_messages(where);
  spawn(out_of_the_way(listener), out_of_the_way(lock));
  return true;
}

bool was_resolver_started(const instance& where) {
  struct stat st{};
  return ::fstatat(where.state_fd(), socket_path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool is_resolver_running(const instance& where) {
  const auto lock = file::try_open_at(where.state_fd(), lock_path, O_RDWR);
  return lock && !file::try_lock(lock->get(), "resolver");
}

void forget_resolver(const instance& where) noexcept { ::unlinkat(where.state_fd(), socket_path, 0); }

}  // namespace lxr::network
