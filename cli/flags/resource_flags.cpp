// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/resource_flags.hpp"

#include "cli/flags/flag_values.hpp"

namespace lxr::cli {
namespace {

constexpr std::int64_t smallest_memory = 6 << 20, most_processes = 4194304;  // PID_MAX_LIMIT: pids.max takes no more

std::int64_t parse_memory(const std::string& text) {
  const std::int64_t bytes = parse_size(text, "--memory");
  if (bytes != 0 && bytes < smallest_memory) refuse_value("--memory", text, "the smallest limit is 6m; 0 is none");
  return bytes;
}

}  // namespace

void add_resource_flags(flag_set& app, resource_options& options) {
  app.add_option(
         "-m,--memory", [&options](const std::string& text) { options.memory = parse_memory(text); },
         "Memory limit: a number and b, k, m or g")
      ->takes("SIZE");
  app.add_option(
         "--cpus", [&options](const std::string& text) { options.cpus = parse_cpus(text, "--cpus"); },
         "CPU limit, in processors: 1.5")
      ->takes("NUMBER");
  app.add_option("--pids-limit", options.pids_limit, "Limit of processes and threads; 0 or -1 for none")
      ->range(-1, most_processes);
}

}  // namespace lxr::cli
