#include "cli/flags/container_flags.hpp"

#include <csignal>
#include <limits>

#include "cli/flags/env_words.hpp"
#include "cli/flags/flag_values.hpp"
#include "cli/print/terminal_events.hpp"
#include "core/base/error.hpp"
#include "core/base/signals.hpp"

namespace lxr::cli {
namespace {

[[noreturn]] void bad(const std::string& flag, const std::string& value, const std::string& why) {
  throw error(errc::invalid_argument, "use " + flag, '"' + value + '"', why);
}

constexpr std::int64_t smallest_memory = 6 << 20, most_processes = 4194304;  // PID_MAX_LIMIT: pids.max takes no more

std::int64_t parse_memory(const std::string& text) {
  const std::int64_t bytes = parse_size(text, "--memory");
  if (bytes != 0 && bytes < smallest_memory) bad("--memory", text, "the smallest limit is 6m; 0 is none");
  return bytes;
}

}  // namespace

void container_flags::add_to(flag_set& app) {
  app.stop_at_first_argument("IMAGE [COMMAND ...]");
  app.add_option("-e,--env", env, "Set an environment variable: KEY=VALUE, or KEY to copy the caller's");
  app.add_option("--env-file", env_files, "Read environment variables from a file");
  app.add_option("-l,--label", labels, "Set metadata: KEY=VALUE");
  app.add_option("-u,--user", user, "User (and group) to run as: NAME|UID[:GROUP|GID]");
  app.add_option("-w,--workdir", working_dir, "Working directory in the container");
  app.add_option("-h,--hostname", hostname, "Host name of the container (its short id)");
  app.add_option(
      "--entrypoint", [this](const std::string& word) { entrypoint = word.empty() ? std::vector<std::string>() : std::vector{word}; },
      "Replace the image's entrypoint; \"\" for none");
  app.add_option("--network,--net", network, "bridge, none or host");
  app.add_option("-m,--memory", [this](const std::string& text) { memory = parse_memory(text); }, "Memory limit: a number and b, k, m or g");
  app.add_option("--cpus", [this](const std::string& text) { cpus = parse_cpus(text, "--cpus"); }, "CPU limit, in processors: 1.5");
  app.add_option("--pids-limit", pids_limit, "Limit of processes and threads; 0 or -1 for none")->range(-1, most_processes);
  app.add_option("--stop-signal", stop_signal, "Signal that `lxr stop` sends first");
  app.add_option("--stop-timeout", stop_timeout, "Seconds that `lxr stop` waits before it kills; -1: for ever")->range(-1, std::numeric_limits<int>::max());
  app.add_option("--oom-score-adj", oom_score_adj, "How likely the kernel, out of memory, ends the container")->range(-1000, 1000);
  app.add_flag("--volatile", is_volatile, "Never sync what the container writes: fsync does nothing, a crash of the host loses it (always so with --rm)");
  app.add_flag("--read-only", read_only, "Mount the root filesystem read-only");
  app.add_option("--pull", pull, "Pull the image: missing, always or never")->one_of({"missing", "always", "never"});
  app.add_option("--arch", architecture, "Architecture of the image, in OCI's words: arm64, arm/v7");
  app.add_flag("--plain-http", plain_http, "Talk plain HTTP to the registry, also if it is not on loopback");
  app.add_option("--max-concurrent-downloads", parallel_downloads, "Layers downloaded at once (16)")->range(1, 16);
  app.add_flag("-q,--quiet", quiet, "No progress");
  app.add_flag("--timing", timing, "Show how long each stage took");
  app.add_option("--trace", trace, "Write the stages to a file in Chrome's trace format");
}

container_config container_flags::to_config(const flag_set& app, const std::vector<std::string>& words) const {
  if (words.empty()) throw error(errc::invalid_argument, "use " + app.title(), "", "no image was named", "see " + app.title() + " --help");
  container_config c;
  c.image = words.front();
  c.command.assign(words.begin() + 1, words.end());
  c.entrypoint = entrypoint;
  c.env = environment_of(env_files, env);
  for (const std::string& word : labels) {
    check_label(word, "--label");
    const auto equals = word.find('=');
    c.labels[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  c.user = user;
  c.working_dir = working_dir;
  if (!c.working_dir.empty() && c.working_dir.front() != '/') bad("--workdir", c.working_dir, "it is not an absolute path");
  check_hostname(hostname, "--hostname");
  c.hostname = hostname;
  c.network = parse_network_mode(network);
  c.memory = memory;
  c.cpus = cpus;
  check_trace(trace);
  c.pids_limit = pids_limit;
  parse_signal(stop_signal, SIGTERM);  // throws when there is no such signal
  c.stop_signal = stop_signal;
  c.stop_timeout = stop_timeout;
  c.read_only = read_only;
  c.oom_score_adj = oom_score_adj;
  c.is_volatile = is_volatile;
  return c;
}

}  // namespace lxr::cli
