// Runs several commands in turn (A B C A B C ...), each as a whole process, and prints for each the distribution of its
// wall time and CPU time as a line of JSON, then a table with ratios to the first.
//   compare SCENARIO RUNS PAUSE_MS LABEL COMMAND... -- LABEL COMMAND... [-- ...]
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

struct contestant {
  std::string label;
  std::vector<char*> argv;
  std::vector<double> wall, cpu;  // ms
  int failures = 0;
  [[nodiscard]] double at(double p) const {
    std::vector<double> sorted = wall;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(p * static_cast<double>(sorted.size() - 1))];
  }
};

double ms(const timeval& t) { return static_cast<double>(t.tv_sec) * 1000 + static_cast<double>(t.tv_usec) / 1000; }

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
  c.cpu.push_back(ms(usage.ru_utime) + ms(usage.ru_stime));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) return 2;
  const std::string scenario = argv[1];
  const int runs = std::atoi(argv[2]), pause = std::atoi(argv[3]);
  std::vector<contestant> all(1);
  for (int i = 4; i < argc; ++i) {
    if (std::string(argv[i]) == "--") {
      all.emplace_back();
    } else if (all.back().label.empty()) {
      all.back().label = argv[i];
    } else {
      all.back().argv.push_back(argv[i]);
    }
  }
  for (contestant& c : all) c.argv.push_back(nullptr);
  // In another order each round: what one leaves for the kernel to take down is charged to whoever comes next.
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), 0);
  std::mt19937 dice(1);
  for (int round = -1; round < runs; ++round) {
    std::shuffle(order.begin(), order.end(), dice);
    for (const std::size_t i : order) {
      run_once(all[i], round >= 0);
      if (pause > 0) ::poll(nullptr, 0, pause);
    }
  }
  std::printf("%-34s %9s %9s %9s %9s %8s %6s\n", scenario.c_str(), "min ms", "median", "p95", "cpu ms", "ratio", "failed");
  const double base = all.front().at(0.5);
  for (const contestant& c : all) {
    double cpu = 0;
    for (const double v : c.cpu) cpu += v;
    cpu /= static_cast<double>(c.cpu.size());
    std::printf("  %-32s %9.2f %9.2f %9.2f %9.2f %8.2f %6d\n", c.label.c_str(), c.at(0), c.at(0.5), c.at(0.95), cpu, c.at(0.5) / base, c.failures);
  }
  for (const contestant& c : all) {
    const lxr::json::object o{{"scenario", scenario}, {"label", c.label},    {"n", runs},           {"min_ms", c.at(0)},
                              {"median_ms", c.at(0.5)}, {"p95_ms", c.at(0.95)}, {"ratio", c.at(0.5) / base}, {"failed", c.failures}};
    std::fprintf(stderr, "%s\n", lxr::json::dump(o).c_str());
  }
  return 0;
}
