// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/command.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_state.hpp"

namespace lxr::cli {

int cmd_port(const invocation& call) {
  flag_set app("List the published ports of a container, or where one of them is published.", "port",
               "lxr port web\nlxr port web 80/tcp");
  std::string container, wanted;
  app.add_argument("CONTAINER", container, "Its name or id", value_source::containers);
  app.add_optional_argument("PORT", wanted, "A port of the container: 80, or 53/udp");
  if (const auto done = parse(app, call)) return *done;
  const instance where = call.open();
  const container_state s = load_state(where, resolve_container(where, container));
  const port_range only = wanted.empty() ? port_range() : parse_port_range(wanted, "list port");
  bool any = false;
  for (const published_port& p : s.ports) {
    if (!wanted.empty() && (p.protocol != only.protocol || p.inner < only.first || p.inner > only.last)) continue;
    any = true;
    const std::string port = std::to_string(p.inner) + "/" + to_protocol_word(p.protocol);
    for (const std::string& address : shown_addresses(p)) {
      const std::string place =
          (address.find(':') == std::string::npos ? address : "[" + address + "]") + ":" + std::to_string(p.host);
      print_line(wanted.empty() ? port + " -> " + place : place);
    }
  }
  if (!wanted.empty() && !any)
    throw error(errc::not_found, "list port", '"' + wanted + '"',
                "no public port '" + wanted + "' published for " + container);
  return 0;
}

}  // namespace lxr::cli
