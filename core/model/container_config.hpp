#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/async/task.hpp"
#include "core/instance/paths.hpp"

namespace lxr {

enum class network_mode { bridge, none, host };
network_mode parse_network_mode(const std::string& word);  // throws errc::invalid_argument
std::string to_string(network_mode mode);

// What the user asked for, as create took it: root/containers/<id>/config.json. Never changes after create, survives a
// reboot, and with the image gives the runtime_spec of every start.
struct container_config {
  std::string id, name;
  std::string image;     // the reference as shown to the user
  std::string image_id;  // hex of the image config's digest
  std::int64_t created_ns = 0;  // Unix time

  std::optional<std::vector<std::string>> entrypoint;  // replaces the image's, and with it the image's command
  std::vector<std::string> command;                    // replaces the image's command when not empty
  std::vector<std::string> env;                        // KEY=value, over the image's
  std::string user, working_dir, hostname, stop_signal;
  std::map<std::string, std::string> labels;
  bool tty = false, open_stdin = false, auto_remove = false, read_only = false;
  bool is_volatile = false;        // what it writes need not survive a crash of the host; always so with auto_remove
  int oom_score_adj = 0;           // proc_pid_oom_score_adj(5)
  network_mode network = network_mode::bridge;
  std::int64_t memory = 0;         // bytes; 0: no limit
  double cpus = 0;                 // 0: no limit
  std::int64_t pids_limit = 2048;  // 0 or less: no limit
  int stop_timeout = 10;           // seconds
};

void save(const instance& where, const container_config& config);
// Throws errc::not_found when the container is gone.
container_config load_config(const instance& where, const std::string& id);

// A container's configuration. Its name is there a moment earlier: whoever makes it, and holds its lock so long, is waited for.
task<container_config> config_of(const instance& where, std::string id);

}  // namespace lxr
