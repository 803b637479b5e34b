// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/start_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"

namespace lxr::launch {
namespace {

using io::child::child_report;

constexpr const char* operation = "start container";
constexpr int patience_ms = 60'000;

unique_fd make_socket() {
  unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno("create", "start socket");
  return fd;
}

// Names the directory by its descriptor, because its path may be longer than sun_path (108 bytes, unix(7)).
sockaddr_un address_in(int directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/start", directory);
  return address;
}

}  // namespace

unique_fd listen_for_start(int directory) {
  unique_fd fd = make_socket();
  const sockaddr_un address = address_in(directory);
  ::unlinkat(directory, "start", 0);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd.get(), 8) != 0)
    throw_errno("listen on", "start socket");
  return fd;
}

starter::starter(int directory) : socket_(make_socket()) {
  const sockaddr_un address = address_in(directory);
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw_errno("start", "container");
}

std::optional<child_report> starter::finish() {
  bool about_to_exec = false;
  child_report report{};
  for (;;) {
    pollfd answer{socket_.get(), POLLIN, 0};
    if (::poll(&answer, 1, patience_ms) == 0)
      throw error(errc::timed_out, operation, "", "its first process does not answer", "remove it and create it again");
    const auto got = io::channel::receive_message(socket_.get(), std::as_writable_bytes(std::span(&report, 1)),
                                                  "the container's first process");
    if (got.what == io::channel::received_message::end_of_file) break;
    if (got.size != sizeof report) {
      throw error(errc::conflict, operation, "", "another version of lxr made it, and it speaks otherwise",
                  "remove it and create it again");
    }
    if (report.what == child_report::about_to_exec) about_to_exec = true;
    if (report.what == child_report::failed) return report;
  }
  if (about_to_exec) return std::nullopt;
  throw error(errc::conflict, operation, "", "its first process was killed before it could start");
}

}  // namespace lxr::launch
