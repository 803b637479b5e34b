#include "core/state/container_state.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <csignal>

#include <cstdio>
#include <cstdlib>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"

namespace lxr {
namespace {

std::string dir_path(const std::string& id) { return "containers/" + id; }

// The start time, or 0 when there is no such process or it is a zombie.
std::uint64_t start_time_of(pid_t pid) {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const unique_fd fd(::open(path, O_RDONLY | O_CLOEXEC));
  char text[1024];
  const ssize_t size = fd ? ::read(fd.get(), text, sizeof text - 1) : -1;
  if (size <= 0) return 0;
  const std::string_view stat(text, static_cast<std::size_t>(size));
  const auto name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string_view::npos || name_end + 2 >= stat.size()) return 0;
  std::string_view rest = stat.substr(name_end + 2);
  if (rest.front() == 'Z' || rest.front() == 'X') return 0;
  for (int field = 3; field < 22; ++field) {
    const auto space = rest.find(' ');
    if (space == std::string_view::npos) return 0;
    rest.remove_prefix(space + 1);
  }
  return std::strtoull(std::string(rest.substr(0, rest.find(' '))).c_str(), nullptr, 10);
}

json::object to_json(const process_identity& p) {
  return {{"pid", p.pid}, {"startTime", static_cast<std::int64_t>(p.start_time)}};
}

process_identity to_process(const json::object& o, std::string_view key) {
  const json::object* p = json::find_object(o, key);
  if (p == nullptr) return {};
  return {static_cast<pid_t>(json::get_int(*p, "pid")), static_cast<std::uint64_t>(json::get_int(*p, "startTime"))};
}

// Held shared by who makes state directories, for an instant.
unique_fd lock_all(const instance& where, int how) {
  unique_fd fd = file::open_at(where.state_fd(), "containers", O_RDONLY | O_DIRECTORY);
  while (::flock(fd.get(), how) != 0) {
    if (errno != EINTR) throw_errno("lock", where.state() + "/containers");
  }
  return fd;
}

container_status parse_status(const std::string& word) {
  if (word == "running") return container_status::running;
  if (word == "exited") return container_status::exited;
  return container_status::created;
}

}  // namespace

std::string to_string(container_status status) {
  switch (status) {
    case container_status::created: return "created";
    case container_status::running: return "running";
    case container_status::exited: return "exited";
  }
  return "?";
}

bool process_identity::is_alive() const { return pid > 0 && start_time != 0 && start_time_of(pid) == start_time; }

unique_fd process_identity::open() const {
  unique_fd fd(pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1);
  if (fd && !is_alive()) fd.reset();
  return fd;
}

process_identity identify(pid_t pid) { return {pid, start_time_of(pid)}; }

unique_fd make_state_dir(const instance& where, const std::string& id) {
  if (auto there = open_state_dir(where, id); there && ::faccessat(there->get(), "lock", F_OK, 0) == 0) return std::move(*there);
  const unique_fd making = lock_all(where, LOCK_SH);
  file::make_directory_at(where.state_fd(), dir_path(id));
  unique_fd directory = file::open_at(where.state_fd(), dir_path(id), O_RDONLY | O_DIRECTORY);
  const unique_fd lock = file::open_at(directory.get(), "lock", O_RDWR | O_CREAT);
  file::write_all(lock.get(), where.root(), "lock");
  return directory;
}

std::vector<std::string> list_states_of_this_root(const instance& where) {
  const unique_fd nobody_makes_any = lock_all(where, LOCK_EX);
  std::vector<std::string> ids = file::list_at(where.state_fd(), "containers");
  std::erase_if(ids, [&where](const std::string& id) {
    const auto owner = file::read_at(where.state_fd(), dir_path(id) + "/lock");
    return owner && !owner->empty() && *owner != where.root();
  });
  return ids;
}

std::optional<unique_fd> open_state_dir(const instance& where, const std::string& id) {
  return file::try_open_at(where.state_fd(), dir_path(id), O_RDONLY | O_DIRECTORY);
}

void save(const instance& where, const std::string& id, const container_state& s) {
  json::object o{{"status", to_string(s.status)},
                 {"init", to_json(s.init)},
                 {"monitor", to_json(s.monitor)},
                 {"started", s.started_ns},
                 {"finished", s.finished_ns},
                 {"oomKilled", s.oom_killed},
                 {"failure", s.failure},
                 {"address", s.address},
                 {"prefix", s.prefix},
                 {"gateway", s.gateway},
                 {"link", s.link},
                 {"mac", s.mac},
                 {"name", s.name},
                 {"image", s.image},
                 {"command", s.command},
                 {"created", s.created_ns}};
  if (s.exit_code) o["exitCode"] = *s.exit_code;
  file::replace_at(where.state_fd(), dir_path(id) + "/state.json", json::dump(o));
}

container_state load_raw_state(const instance& where, const std::string& id) { return load_moved_state(where, dir_path(id)); }

container_state load_moved_state(const instance& where, const std::string& directory) {
  container_state s;
  const auto text = file::read_at(where.state_fd(), directory + "/state.json");
  if (!text) return s;
  const json::object o = json::parse_object(*text, directory + "/state.json");
  s.status = parse_status(json::get_string(o, "status"));
  s.init = to_process(o, "init");
  s.monitor = to_process(o, "monitor");
  s.started_ns = json::get_int(o, "started");
  s.finished_ns = json::get_int(o, "finished");
  if (o.if_contains("exitCode") != nullptr) s.exit_code = static_cast<int>(json::get_int(o, "exitCode"));
  s.oom_killed = json::get_bool(o, "oomKilled");
  s.failure = json::get_string(o, "failure");
  s.address = json::get_string(o, "address");
  s.prefix = static_cast<int>(json::get_int(o, "prefix"));
  s.gateway = json::get_string(o, "gateway");
  s.link = json::get_string(o, "link");
  s.mac = json::get_string(o, "mac");
  s.name = json::get_string(o, "name");
  s.image = json::get_string(o, "image");
  s.command = json::get_string(o, "command");
  s.created_ns = json::get_int(o, "created");
  return s;
}

namespace {

// Not one that waits for `lxr start`, which has a socket.
bool is_on_its_way(const instance& where, const std::string& id, const container_state& s) {
  return s.status == container_status::created && ::faccessat(where.state_fd(), (dir_path(id) + "/start").c_str(), F_OK, 0) != 0;
}

container_state corrected(const instance& where, const std::string& id, container_state s, bool alive) {
  // What is made ahead dies with its engine until it is let go.
  if (s.init.pid != 0 && alive && is_on_its_way(where, id, s) && !s.monitor.is_alive()) {
    s.status = container_status::running;
    s.started_ns = s.created_ns;
  }
  if (s.init.pid != 0 && !alive) {
    if (s.status == container_status::running) s.status = container_status::exited;
    s.init = {};
    s.address.clear();  // released by whoever cleans up, who looks at the raw state
    s.link.clear();
  }
  return s;
}

}  // namespace

container_state load_state(const instance& where, const std::string& id) {
  container_state s = load_raw_state(where, id);
  const bool alive = s.init.is_alive();
  return corrected(where, id, std::move(s), alive);
}

container_state state_reader::load(const std::string& id) {
  container_state s = load_raw_state(where_, id);
  const bool alive = is_alive(s);
  return corrected(where_, id, std::move(s), alive);
}

bool state_reader::is_alive(const container_state& state) {
  if (state.init.pid == 0) return false;
  const auto [known, fresh] = monitors_.try_emplace({state.monitor.pid, state.monitor.start_time}, false);
  if (fresh) known->second = state.monitor.is_alive();
  return known->second ? ::kill(state.init.pid, 0) == 0 : state.init.is_alive();
}

bool is_being_made(const instance& where, const std::string& id, const container_state& state) {
  return is_on_its_way(where, id, state) && state.monitor.is_alive();
}

void mark_running(const instance& where, const std::string& id) {
  container_state s = load_raw_state(where, id);
  if (s.status != container_status::created) return;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  s.status = container_status::running;
  s.started_ns = now.tv_sec * 1'000'000'000 + now.tv_nsec;
  save(where, id, s);
}

std::optional<unique_fd> lock_container(const instance& where, const std::string& id) {
  auto fd = file::try_open_at(where.state_fd(), dir_path(id) + "/lock", O_RDWR);
  if (!fd) return std::nullopt;
  while (::flock(fd->get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_errno("lock container", id);
  }
  struct stat st {};
  if (::fstat(fd->get(), &st) != 0 || st.st_nlink == 0) return std::nullopt;  // removed while we waited
  return fd;
}

}  // namespace lxr
