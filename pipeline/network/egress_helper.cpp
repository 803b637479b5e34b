// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress_helper.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <span>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "io/channel/message_socket.hpp"
#include "io/process/detached.hpp"
#include "io/process/file_access.hpp"
#include "io/process/privileges.hpp"
#include "pipeline/network/egress_rules.hpp"

namespace lxr::network {
namespace {

constexpr const char* peer = "the resolver";

// Returns true for an address of this host: a socket that is connected to it has it, too.
bool is_of_host(std::uint32_t address) {
  const unique_fd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{}, own{};
  at.sin_family = AF_INET;
  at.sin_port = htons(9);
  at.sin_addr.s_addr = htonl(address);
  socklen_t size = sizeof own;
  return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
         ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
         own.sin_addr.s_addr == at.sin_addr.s_addr;
}

// What no answer of another server opens, whatever the resolver says.
bool may_not_open(const admission& a) {
  constexpr std::uint32_t this_network = 0, loopback = 127, first_multicast = 224;  // first bytes
  const std::uint32_t first = a.address >> 24;
  if (first == this_network || first == loopback || first >= first_multicast || is_special(a.address)) return true;
  return a.is_forwarded != 0 && is_of_host(a.address);
}

}  // namespace

unique_fd start_egress_helper(const instance& where) {
  auto [ours, theirs] = io::channel::make_socket_pair();
  io::process::run_detached({egress_program, where.kernel_name()}, {theirs.get()});
  return std::move(ours);
}

int run_egress_helper(const char* table) {
  struct stat st{};
  if (table == nullptr || ::fstat(io::process::first_given, &st) != 0 || !S_ISSOCK(st.st_mode))
    throw error(errc::not_permitted, "run", egress_program, "lxr starts it itself, for containers with --egress");
  const unique_fd channel(io::process::first_given);
  io::process::live_on(egress_program);
  io::process::restrict_files({});
  io::process::keep_capabilities(1ull << CAP_NET_ADMIN);
  std::vector<admission> all(most_admissions);
  for (;;) {
    all.resize(most_admissions);
    const auto got = io::channel::receive_message(channel.get(), std::as_writable_bytes(std::span(all)), peer);
    if (got.what == io::channel::received_message::end_of_file) return 0;
    all.resize(got.size / sizeof(admission));
    char good = 1;
    try {
      std::erase_if(all, may_not_open);
      admit(table, all);
    } catch (const error&) {
      good = 0;
    }
    if (!io::channel::send_message(channel.get(), std::as_bytes(std::span(&good, 1)), peer)) return 0;
  }
}

}  // namespace lxr::network
