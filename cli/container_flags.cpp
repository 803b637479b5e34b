#include "cli/container_flags.hpp"

#include <fcntl.h>

#include <cstdlib>
#include <sstream>

#include "cli/terminal_events.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::cli {
namespace {

[[noreturn]] void bad(const std::string& flag, const std::string& value, const std::string& why) {
  throw error(errc::invalid_argument, "use " + flag, '"' + value + '"', why);
}

// "KEY=value", or "KEY" to copy the caller's value; a variable that is not set is left out.
void add_env(std::vector<std::string>& out, const std::string& word, const std::string& flag) {
  if (word.empty() || word.front() == '=') bad(flag, word, "it has no name");
  if (word.find('=') != std::string::npos) {
    out.push_back(word);
  } else if (const char* value = std::getenv(word.c_str())) {
    out.push_back(word + "=" + value);
  }
}

void add_env_file(std::vector<std::string>& out, const std::string& path) {
  const auto text = file::read_at(AT_FDCWD, path);
  if (!text) bad("--env-file", path, "there is no such file");
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() != '#') add_env(out, line, "--env-file");
  }
}

}  // namespace

std::int64_t parse_size(const std::string& text, const std::string& flag) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  std::string suffix = end;
  for (char& c : suffix) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (suffix.size() == 2 && suffix[1] == 'b') suffix.pop_back();
  static const std::string units = "bkmgt";
  const auto unit = suffix.empty() ? 0 : suffix.size() == 1 ? units.find(suffix[0]) : std::string::npos;
  if (text.empty() || end == text.c_str() || !(number >= 0 && number < 1e15) || unit == std::string::npos) {
    bad(flag, text, "a size is a number and b, k, m, g or t");
  }
  return static_cast<std::int64_t>(number * static_cast<double>(std::int64_t{1} << (10 * unit)));
}

void container_flags::add_to(CLI::App& app) {
  app.prefix_command();  // flags stop at the image's name
  app.add_option("-e,--env", env, "Set an environment variable: KEY=VALUE, or KEY to copy the caller's")->allow_extra_args(false);
  app.add_option("--env-file", env_files, "Read environment variables from a file")->allow_extra_args(false);
  app.add_option("-l,--label", labels, "Set metadata: KEY=VALUE")->allow_extra_args(false);
  app.add_option("-u,--user", user, "User (and group) to run as: NAME|UID[:GROUP|GID]");
  app.add_option("-w,--workdir", working_dir, "Working directory in the container");
  app.add_option("--hostname", hostname, "Host name of the container (its short id)");
  app.add_option("--entrypoint", entrypoint, "Replace the image's entrypoint");
  app.add_option("--network,--net", network, "bridge, none or host");
  app.add_option("-m,--memory", memory, "Memory limit: a number and b, k, m or g");
  app.add_option("--cpus", cpus, "CPU limit, in processors: 1.5");
  app.add_option("--pids-limit", pids_limit, "Limit of processes and threads; 0 or -1 for none");
  app.add_option("--stop-signal", stop_signal, "Signal that `lxr stop` sends first");
  app.add_option("--stop-timeout", stop_timeout, "Seconds that `lxr stop` waits before it kills");
  app.add_option("--oom-score-adj", oom_score_adj, "How likely the kernel, out of memory, ends the container: -1000 to 1000")->check(CLI::Range(-1000, 1000));
  app.add_flag("--volatile", is_volatile, "Never sync what the container writes: fsync does nothing, a crash of the host loses it (always so with --rm)");
  app.add_flag("--read-only", read_only, "Mount the root filesystem read-only");
  app.add_option("--pull", pull, "Pull the image: missing, always or never")->check(CLI::IsMember({"missing", "always", "never"}));
  app.add_option("--arch", architecture, "Architecture of the image, in OCI's words");
  app.add_flag("--plain-http", plain_http, "Talk plain HTTP to the registry, also if it is not on loopback");
  app.add_flag("-q,--quiet", quiet, "No progress");
  app.add_flag("--timing", timing, "Show how long each stage took");
  app.add_option("--trace", trace, "Write the stages to a file in Chrome's trace format");
}

container_config container_flags::to_config(const CLI::App& app, const std::vector<std::string>& words) const {
  if (words.empty()) throw error(errc::invalid_argument, "use " + app.get_name(), "", "no image was named", "see " + app.get_name() + " --help");
  if (words.front().starts_with('-') && words.front() != "--") {
    throw error(errc::invalid_argument, "use " + app.get_name(), "", "unknown flag: " + words.front(), "see " + app.get_name() + " --help");
  }
  container_config c;
  c.image = words.front();
  c.command.assign(words.begin() + 1, words.end());
  if (app.count("--entrypoint") > 0) c.entrypoint = entrypoint.empty() ? std::vector<std::string>{} : std::vector{entrypoint};
  for (const std::string& path : env_files) add_env_file(c.env, path);
  for (const std::string& word : env) add_env(c.env, word, "--env");
  for (const std::string& word : labels) {
    const auto equals = word.find('=');
    c.labels[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
  }
  c.user = user;
  c.working_dir = working_dir;
  if (!c.working_dir.empty() && c.working_dir.front() != '/') bad("--workdir", c.working_dir, "it is not an absolute path");
  c.hostname = hostname;
  c.network = parse_network_mode(network);
  if (!memory.empty()) c.memory = parse_size(memory, "--memory");
  if (c.memory != 0 && c.memory < (6 << 20)) bad("--memory", memory, "the smallest limit is 6m");
  if (!cpus.empty()) {
    char* end = nullptr;
    c.cpus = std::strtod(cpus.c_str(), &end);
    if (*end != 0 || !(c.cpus >= 0.01 && c.cpus <= 4096)) bad("--cpus", cpus, "a number of processors is from 0.01 up");
  }
  if (pids_limit < -1) bad("--pids-limit", std::to_string(pids_limit), "it is a number of processes, or -1 for none");
  if (stop_timeout < -1) bad("--stop-timeout", std::to_string(stop_timeout), "it is a number of seconds");
  if (hostname.size() > 64) bad("--hostname", hostname, "a host name has at most 64 characters");
  check_trace(trace);
  c.pids_limit = pids_limit;
  c.stop_signal = stop_signal;
  c.stop_timeout = stop_timeout;
  c.read_only = read_only;
  c.oom_score_adj = oom_score_adj;
  c.is_volatile = is_volatile;
  return c;
}

}  // namespace lxr::cli
