#pragma once

#include <string>
#include <vector>

#include "cli/command.hpp"
#include "core/state/container_config.hpp"

namespace lxr::cli {

// The flags that run, create and batch share, and what they make of a container_config.
struct container_flags {
  std::vector<std::string> env, env_files, labels;
  std::string user, working_dir, hostname, entrypoint, network = "bridge", memory, cpus, stop_signal, pull = "missing", trace, architecture;
  std::int64_t pids_limit = 2048;
  int stop_timeout = 10, oom_score_adj = 0;
  bool is_volatile = false;
  bool read_only = false, plain_http = false, timing = false, quiet = false;

  void add_to(CLI::App& app);
  // `words`: the image and its command, as left over by the parser. Throws errc::invalid_argument.
  [[nodiscard]] container_config to_config(const CLI::App& app, const std::vector<std::string>& words) const;
};

// "512m", "2g", "100": bytes; suffixes b k m g t, powers of 1024.
std::int64_t parse_size(const std::string& text, const std::string& flag);

}  // namespace lxr::cli
