// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <optional>

#include "cli/commands/command.hpp"
#include "cli/print/log_view.hpp"
#include "cli/print/output.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_state.hpp"
#include "pipeline/monitor/log_file.hpp"

namespace lxr::cli {
namespace {

using monitor::log_file;

constexpr std::size_t most_lines = 1'000'000'000;

// Splits a growing file into lines; keeps an incomplete last line until the rest of it has been written.
class line_reader {
 public:
  explicit line_reader(unique_fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  // Reads to the end of the file and calls `each` for every complete line.
  template <class Each>
  void read(Each each) {
    char buffer[65536];
    for (ssize_t got; (got = ::read(fd_.get(), buffer, sizeof buffer)) > 0;) {
      pending_.append(buffer, static_cast<std::size_t>(got));
      std::size_t begin = 0;
      for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        each(std::string_view(pending_).substr(begin, end - begin));
      }
      pending_.erase(0, begin);
    }
  }

 private:
  unique_fd fd_;
  std::string pending_;
};

void read_old(int directory, line_reader& current, log_view& view) {
  const auto add = [&view](std::string_view record) { view.add(record); };
  for (int n = log_file::kept - 1; n > 0; --n) {
    auto fd = file::try_open_at(directory, std::string(log_file::name) + "." + std::to_string(n), O_RDONLY);
    if (fd) line_reader(std::move(*fd)).read(add);
  }
  current.read(add);
  view.end_of_old();
}

// Shows new lines until the container ends. inotify(7) reports writes and a rotated file; the state is read once a
// second.
void follow(const instance& where, const std::string& id, int directory, line_reader current, log_view& view) {
  const unique_fd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ::inotify_add_watch(watch.get(), ("/proc/self/fd/" + std::to_string(directory)).c_str(), IN_MODIFY | IN_CREATE);
  char events[4096];
  for (;;) {
    const container_state state = load_state(where, id);
    // The monitor writes all output to the log before it records the exit.
    const bool ended = state.init.pid == 0 && !state.ending && state.status != container_status::starting;
    current.read([&view](std::string_view record) { view.add(record); });
    auto newest = file::try_open_at(directory, log_file::name, O_RDONLY);
    struct stat mine{}, theirs{};
    if (newest && ::fstat(current.fd(), &mine) == 0 && ::fstat(newest->get(), &theirs) == 0 &&
        mine.st_ino != theirs.st_ino) {
      current = line_reader(std::move(*newest));
      continue;
    }
    if (!flush_output() || ended) return;
    pollfd p{watch.get(), POLLIN, 0};
    ::poll(&p, 1, 1000);
    while (::read(watch.get(), events, sizeof events) > 0) {
    }
  }
}

// Returns the number of lines of --tail; nullopt for "all".
std::optional<std::size_t> lines_of(const std::string& tail) {
  if (tail == "all") return std::nullopt;
  std::size_t lines = 0;
  const auto [end, failure] = std::from_chars(tail.data(), tail.data() + tail.size(), lines);
  if (failure != std::errc() || end != tail.data() + tail.size() || lines > most_lines) {
    throw error(errc::invalid_argument, "use --tail", '"' + tail + '"',
                "it is a number of lines from 0 to " + std::to_string(most_lines) + ", or all");
  }
  return lines;
}

}  // namespace

int cmd_logs(const invocation& call) {
  flag_set app("Show the output of a container.", "logs", "lxr logs web\nlxr logs -f --tail 10 web");
  bool following = false, timestamps = false;
  std::string word, tail = "all";
  app.add_flag("-f,--follow", following, "Go on as it prints more, until it ends");
  app.add_flag("-t,--timestamps", timestamps, "Show when each line came");
  app.add_option("-n,--tail", tail, "Only the last lines: a number, or all")->takes("N|all");
  app.add_argument("CONTAINER", word, "Name or id", value_source::containers);
  if (const auto done = parse(app, call)) return *done;
  log_view view(timestamps, lines_of(tail), print_bytes);
  const instance where = call.open();
  const std::string id = resolve_container(where, word);
  const auto directory = file::try_open_at(where.root_fd(), "containers/" + id, O_RDONLY | O_DIRECTORY);
  if (!directory)
    throw error(errc::not_found, "show the output of", '"' + word + '"', "no such container: it was removed meanwhile");
  line_reader current(file::open_at(directory->get(), log_file::name, O_RDONLY | O_CREAT));
  read_old(directory->get(), current, view);
  if (following) follow(where, id, directory->get(), std::move(current), view);
  return 0;
}

}  // namespace lxr::cli
