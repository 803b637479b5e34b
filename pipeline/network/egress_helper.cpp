// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/egress_helper.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include <span>
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
      admit(table, all);
    } catch (const error&) {
      good = 0;
    }
    if (!io::channel::send_message(channel.get(), std::as_bytes(std::span(&good, 1)), peer)) return 0;
  }
}

}  // namespace lxr::network
