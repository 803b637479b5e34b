#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "core/instance/paths.hpp"
#include "core/instance/process_identity.hpp"

namespace lxr {

// created: configured, and its first process may wait to be started.  starting: an engine is making it, or its first process.
// running.  exited: its first process has ended.
enum class container_status { created, starting, running, exited };
std::string to_string(container_status status);

// How a container is doing. The record of one that is starting, running or waiting lies in state/containers/<id>/state.json
// (lost in a reboot, as its processes are); that of one that has ended in root/containers/<id>/state.json.
// Lifecycle: written by whoever holds the container's lock (container_lock.hpp).
struct container_state {
  container_status status = container_status::created;
  process_identity init;     // its first process
  process_identity monitor;  // whoever starts it, reads its output and waits for its exit
  std::int64_t started_ns = 0, finished_ns = 0;  // Unix time; 0: never
  std::optional<int> exit_code;                  // empty while running, and when nobody was there to see it
  bool oom_killed = false;
  std::string failure;                       // why the last start failed, for inspect
  std::string address, gateway, link, mac;   // network; empty without one
  int prefix = 0;
  // What a list shows of the configuration, so that it need not be read for that; no name: not known yet.
  std::string name, image, command;
  std::int64_t created_ns = 0;

  bool ending = false;  // not recorded: the first process has ended, and a monitor that lives is about to record its exit

  // Which operations a status allows: the one place that knows.
  [[nodiscard]] bool can_exec() const { return status == container_status::running && init.pid != 0; }
  [[nodiscard]] bool can_remove() const { return status == container_status::created || status == container_status::exited; }
  // Neither runs nor waits to be started, nor is on its way there: what prune may remove.
  [[nodiscard]] bool is_idle() const { return can_remove() && init.pid == 0 && !ending; }
};

// Records a container that is starting, waiting or running.
void save(const instance& where, const std::string& id, const container_state& state);
// Records one that has ended, on the disk first. A full disk or a full state filesystem alone cannot keep it from being
// recorded; throws when both are full.
void save_ended(const instance& where, const std::string& id, const container_state& state);

// The record, corrected from the kernel: a first process that has ended means exited, a maker that lives means starting,
// whatever the record says.
container_state load_state(const instance& where, const std::string& id);
// The same for a list of many: a monitor that lives records exits, so that it is asked about once, and of its containers
// only whether there is such a process. Lifecycle: one list.
class state_reader {
 public:
  explicit state_reader(const instance& where) : where_(where) {}
  container_state load(const std::string& id);

 private:
  bool is_alive(const container_state& state);
  const instance& where_;
  std::map<std::pair<pid_t, std::uint64_t>, bool> monitors_;
};
// As last saved, without asking the kernel: for those who are about to change it; and what load_state() makes of that.
container_state load_raw_state(const instance& where, const std::string& id);
container_state corrected(container_state raw);

// A created container's first process waits to be started: known after a reboot, when that process is gone.
void mark_waiting(const instance& where, const std::string& id);
// Records that a waiting container's program runs now. The caller holds the lock.
void mark_running(const instance& where, const std::string& id);

}  // namespace lxr
