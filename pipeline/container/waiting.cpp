// SPDX-License-Identifier: Apache-2.0
#include "pipeline/container/waiting.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "core/base/error.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_spec.hpp"
#include "core/model/container_state.hpp"
#include "io/channel/message_socket.hpp"
#include "pipeline/launch/failure.hpp"

namespace lxr::container {
namespace {

using io::child::child_report;

error explain(const instance& where, const std::string& id, const child_report& report) {
  const auto spec = load_spec(where, id);
  return launch::explain_failure(
      {}, report, spec ? spec->process.value_or(oci::process_spec()) : oci::process_spec{.args = {"its command"}});
}

// Names the start socket by the descriptor of the state directory: the directory's path may be longer than a socket
// address.
sockaddr_un start_address(int state_dir) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  std::snprintf(out.sun_path, sizeof out.sun_path, "/proc/self/fd/%d/start", state_dir);
  return out;
}

}  // namespace

unique_fd listen_for_start(int state_dir) {
  unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno("create", "start socket");
  const sockaddr_un address = start_address(state_dir);
  ::unlinkat(state_dir, "start", 0);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(fd.get(), 8) != 0) {
    throw_errno("listen on", "start socket");
  }
  return fd;
}

void start_waiting(const instance& where, const std::string& id) {
  const auto dir = open_state_dir(where, id);
  if (!dir) throw error(errc::not_found, "start container", short_id(id), "its state is gone");
  const unique_fd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const timeval limit{60, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const sockaddr_un address = start_address(dir->get());
  // Before it runs: once it does, that must be known, also where there is no room to write it down any more.
  const container_state before = load_raw_state(where, id);
  mark_running(where, id);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int code = errno;
    quietly([&] { save(where, id, before); });
    throw_errno(code, "start container", short_id(id));
  }
  bool about_to_exec = false;
  child_report report{};
  for (;;) {
    const auto got = io::channel::receive_message(fd.get(), std::as_writable_bytes(std::span(&report, 1)),
                                                  "container " + short_id(id));
    if (got.what == io::channel::received_message::end_of_file) break;
    if (got.size != sizeof report) {
      throw error(errc::conflict, "start container", short_id(id),
                  "another version of lxr made it, and it speaks otherwise", "remove it and create it again");
    }
    if (report.what == child_report::about_to_exec) about_to_exec = true;
    if (report.what == child_report::failed) throw explain(where, id, report);
  }
  if (!about_to_exec)
    throw error(errc::conflict, "start container", short_id(id), "its first process was killed before it could start");
}

}  // namespace lxr::container
