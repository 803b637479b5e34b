#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"
#include "core/state/paths.hpp"

namespace lxr {

// created: configured; its first process may already wait to be started.  running.  exited: its first process is gone.
enum class container_status { created, running, exited };
std::string to_string(container_status status);

// A process, told apart from a later one with the same pid by its start time (field 22 of /proc/PID/stat).
struct process_identity {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  // clock ticks since boot
  [[nodiscard]] bool is_alive() const;
  // A pidfd of it; empty when it is gone. The identity is looked at after opening, so it is the right one that is open.
  [[nodiscard]] unique_fd open() const;
};
process_identity identify(pid_t pid);

// How a container is doing: state/containers/<id>/state.json, written by whoever changes it under the container's lock.
// What is read back is corrected from the kernel: a first process that is gone means exited, whatever the file says.
struct container_state {
  container_status status = container_status::created;
  process_identity init;     // pid 0: no process
  process_identity monitor;  // whoever reads its output and waits for its exit
  std::int64_t started_ns = 0, finished_ns = 0;  // Unix time; 0: never
  std::optional<int> exit_code;                  // empty while running, and when nobody was there to see it
  bool oom_killed = false;
  std::string failure;                       // why the last start failed, for inspect
  std::string address, gateway, link, mac;   // network; empty without one
  int prefix = 0;
  // What a list shows of the configuration, so that it need not be read for that; no name: not known yet.
  std::string name, image, command;
  std::int64_t created_ns = 0;

  // Which operations a status allows: the one place that knows.
  [[nodiscard]] bool can_start() const { return status != container_status::running; }
  [[nodiscard]] bool can_exec() const { return status == container_status::running; }
  [[nodiscard]] bool can_remove() const { return status != container_status::running; }
};

// Makes state/containers/<id>/ with its lock file, which names the root directory the container lies in; open_state_dir
// returns an empty optional when it is not there (after a reboot).
unique_fd make_state_dir(const instance& where, const std::string& id);
std::optional<unique_fd> open_state_dir(const instance& where, const std::string& id);
// The ids that have a state directory, without those of other root directories that share it. A directory whose maker died
// before it said whose it is belongs to everybody.
std::vector<std::string> list_states_of_this_root(const instance& where);

void save(const instance& where, const std::string& id, const container_state& state);
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
// As last saved, without asking the kernel: for those who are about to change it.
container_state load_raw_state(const instance& where, const std::string& id);
// The same of a directory that was moved (state/trash/...): nobody writes to it any more.
container_state load_moved_state(const instance& where, const std::string& directory);
// Whether an engine is still at work on its first start: nobody else may start it.
bool is_being_made(const instance& where, const std::string& id, const container_state& state);
// Records that a waiting container's program runs now. The caller holds the lock.
void mark_running(const instance& where, const std::string& id);

// The exclusive right to change one container, held by this descriptor (flock); freed when the process dies.
// Empty optional when the container has no state directory, or was removed while we waited.
std::optional<unique_fd> lock_container(const instance& where, const std::string& id);

}  // namespace lxr
