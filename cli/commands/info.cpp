// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/commands/command.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/instance/memory_state.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_state.hpp"
#include "core/oci/manifest.hpp"
#include "io/cgroup/layout.hpp"
#include "pipeline/store/store.hpp"

namespace lxr::cli {
namespace {

std::string cgroup_text(const io::cgroup::layout& l) {
  if (l.unified) return "v2";
  return l.unified_tree().empty() ? "v1" : "hybrid (v1 controllers)";
}

}  // namespace

int cmd_info(const invocation& call) {
  flag_set app("Show what this host offers and where lxr keeps things.", "info", "lxr info");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  std::size_t running = 0, all = 0;
  for (const std::string& id : list_containers(where)) {
    ++all;
    quietly([&] { running += load_state(where, id).status == container_status::running; });
  }
  utsname host{};
  ::uname(&host);
  const auto row = [](std::string key, const std::string& value) {
    key.resize(17, ' ');
    print_line(key + value);
  };
  row("Version:", LXR_VERSION);
  row("Root:", where.root());
  const std::string memory = memory_of(where.state());
  row("State:", where.state() + (memory.empty() ? "" : ", which is on a disk: in memory at " + memory));
  row("Containers:", std::to_string(all) + " (" + std::to_string(running) + " running)");
  row("Images:", std::to_string(store::image_store(where).list().size()));
  row("Storage:", "overlay over directories and EROFS layers");
  row("Cgroups:", cgroup_text(io::cgroup::layout::detect()));
  row("Kernel:", host.release);
  row("Architecture:", std::string(oci::host_architecture()));
  row("CPUs:", std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)));
  return 0;
}

int cmd_version(const invocation& call) {
  flag_set app("Show lxr's version.", "version", "lxr version");
  if (const auto done = parse(app, call)) return *done;
  print_line("lxr version " LXR_VERSION);
  return 0;
}

}  // namespace lxr::cli
