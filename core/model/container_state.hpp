// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/instance/paths.hpp"
#include "core/instance/process_identity.hpp"
#include "core/model/published_port.hpp"

namespace lxr {

// - created: configured; its first process may exist and wait to be started.
// - starting: an engine is making the container or its first process.
// - running: the first process runs the user's program.
// - exited: the first process has ended.
enum class container_status { created, starting, running, exited };
std::string to_string(container_status status);

// The place of a container in a network.
struct network_place {
  std::string network;    // the network's name
  std::string directory;  // of the network, in the state directory
  std::string address, gateway, mac, link;
  int prefix = 0;
};

// The restriction of a container with --egress.
struct egress_state {
  std::vector<std::string> allowed;  // as network_options::egress
};

// The state of one container, as its state.json records it. The record of a container that is starting, running or
// waiting lies in state/containers/<id>/ (lost in a reboot, like the processes), that of one that has ended in
// root/containers/<id>/.
// Lifecycle: written only by the process that holds the container's lock (container_lock.hpp).
struct container_state {
  container_status status = container_status::created;
  process_identity init;     // its first process
  process_identity monitor;  // the process that starts the container, reads its output and waits for its exit
  std::int64_t started_ns = 0, finished_ns = 0;  // nanoseconds of Unix time; 0: never
  std::optional<int> exit_code;                  // empty while running, and when no monitor saw the end
  bool oom_killed = false;
  bool is_paused = false;               // running, but its cgroup is frozen
  std::string failure;                  // why the last start failed; shown by inspect
  std::vector<network_place> networks;  // in the order of its links: eth0, eth1
  std::vector<published_port> ports;    // published at the first network that leads out
  std::optional<egress_state> egress;
  std::uint64_t hosts_hash = 0, resolv_conf_hash = 0;  // of the files as lxr has written them (hash_of()); 0: not
  std::uint32_t id_range = 0;             // of its user namespace (pipeline/container/id_ranges.hpp), from 1; 0: none
  std::vector<std::string> cgroup_trees;  // of cgroup v1, that it has a group in: "pids"
  // Copies from container_config, so that `lxr ps` need not read that; an empty name means: not known yet.
  std::string name, image, command;
  std::int64_t created_ns = 0;

  bool ending = false;  // not recorded: the first process has ended, and a live monitor is about to record its exit

  // The rules which operations a status allows; no other place decides that.
  [[nodiscard]] bool can_exec() const { return status == container_status::running && init.pid != 0 && !is_paused; }
  [[nodiscard]] bool can_remove() const {
    return status == container_status::created || status == container_status::exited;
  }
  // The address in its first network; "" without one.
  [[nodiscard]] std::string address() const { return networks.empty() ? "" : networks.front().address; }
  // Returns true when no first process exists and none is being made: what prune may remove.
  [[nodiscard]] bool is_idle() const { return can_remove() && init.pid == 0 && !ending; }
};

// Writes the record of a container that is starting, waiting or running.
void save(const instance& where, const std::string& id, const container_state& state);
// Writes the record of a container that has ended: to the root directory or, when that disk is full, to the state
// directory. Throws only when both fail.
void save_ended(const instance& where, const std::string& id, const container_state& state);

// Reads the record and corrects it by asking the kernel:
// - the recorded first process has ended: exited;
// - there is no record, but the container's maker lives: starting;
// - starting, but its monitor is dead: running if the first process lives, else exited or created.
container_state load_state(const instance& where, const std::string& id);
// Loads the states of many containers with fewer system calls than load_state(). It asks once per monitor whether that
// lives. A live monitor records the exits of its containers, so for those it only asks whether a process with the pid
// exists.
// Lifecycle: for one list; the answers about monitors are kept until destruction.
// Runs on: one thread.
// Borrows: the instance.
// Failure: load() throws lxr::error like load_state().
class state_reader {
 public:
  explicit state_reader(const instance& where) : where_(where) {}
  container_state load(const std::string& id);

 private:
  bool is_alive(const container_state& state);
  const instance& where_;
  std::map<std::pair<pid_t, std::uint64_t>, bool> monitors_;
};
// load_raw_state() returns the record as last saved, for callers that are about to change it; corrected() returns what
// load_state() makes of it.
container_state load_raw_state(const instance& where, const std::string& id);
container_state corrected(container_state raw);

// Returns true for a container that runs, waits or is being made, and for one whose record cannot be read.
bool lives(const instance& where, const std::string& id);

// Records on disk that the first process of a created container waits to be started. After a reboot, when that process
// is gone, the mark tells that the program never ran.
void mark_waiting(const instance& where, const std::string& id);
// Records that the program of a waiting container runs now. The caller holds the container's lock.
void mark_running(const instance& where, const std::string& id);

}  // namespace lxr
