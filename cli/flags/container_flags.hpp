#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/flags/flag_set.hpp"
#include "core/model/container_config.hpp"

namespace lxr::cli {

// The flags that run, create and batch share, and what they make of a container_config.
struct container_flags {
  std::vector<std::string> env, env_files, labels;
  std::string user, working_dir, hostname, network = "bridge", stop_signal, pull = "missing", trace, architecture;
  std::optional<std::vector<std::string>> entrypoint;  // no word: none, not the image's either
  double cpus = 0;
  std::int64_t memory = 0, pids_limit = 2048;
  std::size_t parallel_downloads = 0;  // 0: the usual number
  int stop_timeout = 10, oom_score_adj = 0;
  bool is_volatile = false;
  bool read_only = false, plain_http = false, timing = false, quiet = false;

  void add_to(flag_set& app);
  // `words`: the image and its command, as left over by the parser. Throws errc::invalid_argument.
  [[nodiscard]] container_config to_config(const flag_set& app, const std::vector<std::string>& words) const;
};

}  // namespace lxr::cli
