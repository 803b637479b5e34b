// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "cli/print/output.hpp"
#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/model/after_boot.hpp"
#include "pipeline/network/name_service.hpp"

namespace lxr::cli {

void restore_names(const instance& where) {
  if (!network::has_lost_resolver(where)) return;
  try {
    asio::io_context loop(1);
    network::name_service names(where);
    run(loop, names.restore());
  } catch (const error& e) {
    print_note(std::string("warning: containers do not find each other by name: ") + e.what());
  }
}

bool confirm(const std::string& warning) {
  print_line(warning);
  print_text("Are you sure you want to continue? [y/N] ");
  if (!flush_output()) return false;  // the question was not shown
  char answer[16] = "";
  if (std::fgets(answer, sizeof answer, stdin) == nullptr) return false;
  const std::string word(answer, std::strcspn(answer, "\n"));
  return word == "y" || word == "Y" || word == "yes";
}

instance invocation::open() const {
  if (::geteuid() != 0) {
    throw error(errc::not_permitted, "use", root, "lxr needs root: it creates namespaces, mounts and network links",
                "run it with sudo");
  }
  instance opened = instance::open(root, state);
  settle_after_boot(opened);
  return opened;
}

}  // namespace lxr::cli
