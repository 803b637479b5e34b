// SPDX-License-Identifier: Apache-2.0
// Runs several commands in turn, each as a whole process, in another order each round, and prints a line of JSON for
// each:
//   {"scenario","who","count","ms":[...],"cpu_ms","peak_kb","failed"}
// ms: from before the fork to the end of the process; cpu_ms: of the whole machine, mean, until the next one begins;
// peak_kb: of the largest process waited for.
// A negative pause: each runs twice, and the second one counts, as in a loop of its own; the pause lies between
// contestants.
// For peers with daemons, whose aftermath is not to be paid by whoever comes next.
//   compare SCENARIO ROUNDS PAUSE_MS WHO COMMAND... -- WHO COMMAND... [-- ...]
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "bench/usage.hpp"
#include "core/base/json.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

struct contestant {
  std::string who;
  std::vector<char*> argv;
  std::vector<double> wall;
  double cpu = 0;
  long peak = 0;
  int failures = 0;
};

void run_once(contestant& c, bool counted) {
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  for (const int fd : {1, 2}) ::posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const auto begin = clock_type::now();
  if (::posix_spawnp(&pid, c.argv[0], &quiet, nullptr, c.argv.data(), environ) != 0) {
    std::perror(c.argv[0]);
    std::exit(1);
  }
  int status = 0;
  rusage usage{};
  ::wait4(pid, &status, 0, &usage);
  const double took = std::chrono::duration<double, std::milli>(clock_type::now() - begin).count();
  ::posix_spawn_file_actions_destroy(&quiet);
  if (status != 0) ++c.failures;
  if (!counted) return;
  c.wall.push_back(took);
  c.peak = std::max(c.peak, usage.ru_maxrss);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const std::string scenario = argv[1];
  const int rounds = std::atoi(argv[2]), pause = std::atoi(argv[3]);
  std::vector<contestant> all(1);
  for (int i = 4; i < argc; ++i) {
    if (std::string(argv[i]) == "--") {
      all.emplace_back();
    } else if (all.back().who.empty()) {
      all.back().who = argv[i];
    } else {
      all.back().argv.push_back(argv[i]);
    }
  }
  for (contestant& c : all) c.argv.push_back(nullptr);
  // In another order each round: what one leaves for the kernel to take down is charged to whoever comes next.
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 dice(1);
  for (int round = -1; round < rounds; ++round) {
    std::shuffle(order.begin(), order.end(), dice);
    for (const std::size_t i : order) {
      if (pause < 0) run_once(all[i], false);
      const double before = lxr::bench::machine_cpu_ms();
      run_once(all[i], round >= 0);
      if (pause != 0) ::poll(nullptr, 0, std::abs(pause));
      if (round >= 0) all[i].cpu += lxr::bench::machine_cpu_ms() - before;
    }
  }
  for (const contestant& c : all) {
    lxr::json::array samples;
    for (const double ms : c.wall) samples.emplace_back(std::round(ms * 1000) / 1000);
    const lxr::json::object o{{"scenario", scenario},     {"who", c.who},      {"count", 1},          {"ms", samples},
                              {"cpu_ms", c.cpu / rounds}, {"peak_kb", c.peak}, {"failed", c.failures}};
    std::printf("%s\n", lxr::json::dump(o).c_str());
  }
  return 0;
}
