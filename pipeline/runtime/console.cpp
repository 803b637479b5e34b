// SPDX-License-Identifier: Apache-2.0
#include "pipeline/runtime/console.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cstring>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "io/channel/message_socket.hpp"

namespace lxr::runtime {
namespace {

unique_fd connect_to(const std::string& path) {
  unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    throw error(errc::invalid_argument, "use console socket", path, "its path is longer than a socket address");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const timeval limit{10, 0};
  if (fd) ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw_errno("connect to console socket", path);
  return fd;
}

}  // namespace

void send_console(const std::string& path, unique_fd master) {
  const unique_fd socket = connect_to(path);
  ::fcntl(master.get(), F_SETFL, O_RDWR);  // its owner expects a blocking one
  constexpr std::string_view name = "/dev/ptmx";
  const int descriptors[] = {master.get()};
  if (!io::channel::send_message(socket.get(), std::as_bytes(std::span(name)), "console socket " + path, descriptors))
    throw error(errc::unavailable, "send the terminal to", path, "its owner has closed it");
}

void write_pid_file(const std::string& path, pid_t pid) {
  if (path.empty()) return;
  file::replace_at(AT_FDCWD, path, std::to_string(pid), 0644);
}

}  // namespace lxr::runtime
