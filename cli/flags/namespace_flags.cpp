// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/namespace_flags.hpp"

#include <string_view>

#include "cli/flags/flag_values.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

constexpr std::string_view of_container = "container:";

// One flag; `joins`: whether "container:NAME" is among its values.
void add(flag_set& app, literal name, std::string& variable, bool joins, literal help) {
  app.add_option(
         name,
         [&variable, name, joins](const std::string& word) {
           const std::string flag(name.view());
           const bool is_of_container = joins && word.starts_with(of_container) && word.size() > of_container.size();
           if (!joins && (word.starts_with(of_container) || word == "shareable" || word == "none"))
             throw error(errc::unsupported, "use " + flag, '"' + word + '"', "lxr does not do that yet");
           if (!word.empty() && word != "private" && word != "host" && !is_of_container)
             refuse_value(flag, word, joins ? "it is host, private or container:NAME" : "it is host or private");
           variable = word == "private" ? "" : word;
         },
         help)
      ->takes(joins ? literal("host|private|container:NAME") : literal("host|private"));
}

}  // namespace

void add_namespace_flags(flag_set& app, namespace_options& options) {
  add(app, "--pid", options.pid, true, "Process ids: its own, the host's, or another container's");
  add(app, "--ipc", options.ipc, false, "Shared memory and message queues: its own or the host's");
  add(app, "--uts", options.uts, true, "Host name: its own, the host's, or another container's");
  add(app, "--cgroupns", options.cgroup, false, "View of the cgroups: its own or the host's");
}

}  // namespace lxr::cli
