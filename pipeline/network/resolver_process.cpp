// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/resolver_process.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "io/process/detached.hpp"
#include "pipeline/network/resolver.hpp"

namespace lxr::network {
namespace {

constexpr const char *directory = "resolver", *socket_path = "resolver/socket", *lock_path = "resolver/lock";

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
  ::unlinkat(where.state_fd(), socket_path, 0);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), SOMAXCONN) != 0)
    throw_errno("listen on", "socket of the resolver");
  return fd;
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
  io::process::run_detached({resolver_program}, {listener.get(), lock.get()});
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

void forget_resolver(const instance& where) noexcept {
  quietly([&] {
    const auto lock = file::try_open_at(where.state_fd(), lock_path, O_RDWR);
    if (lock && file::try_lock(lock->get(), "resolver")) ::unlinkat(where.state_fd(), socket_path, 0);
  });
}

}  // namespace lxr::network
