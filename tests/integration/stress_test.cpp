// SPDX-License-Identifier: Apache-2.0
// Starts and ends, and kill -9 of whatever takes part in them at any moment. LXR_STRESS_CYCLES says how many (150).
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <random>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

using stress = installation;

bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

// The moment is a number of looks at the processes, not a time.
struct victims {
  std::array<pid_t, 3> generations{};  // client, engine, first process of the container
  void look() {
    for (std::size_t i = 1; i < generations.size(); ++i) {
      if (generations[i] == 0 && generations[i - 1] > 0) generations[i] = child_of(generations[i - 1]);
    }
  }
};

TEST_F(stress, killed_at_any_moment_nothing_is_wrong_or_left) {
  must({"pull", "-q", small_});
  const char* const wanted = std::getenv("LXR_STRESS_CYCLES");
  const int cycles = wanted != nullptr ? std::atoi(wanted) : 150;
  std::mt19937 dice(static_cast<unsigned>(::getpid()));
  std::array<int, 3> hits{};
  for (int cycle = 0; cycle < cycles; ++cycle) {
    const std::string network = dice() % 2 == 0 ? "none" : "bridge", number = std::to_string(cycle);
    const int code = static_cast<int>(dice() % 100);
    if (dice() % 2 == 0) {
      const outcome o = lxr({"run", "--rm", "--network", network, "--name", "stress", small_, "sh", "-c",
                             "echo out " + number + "; echo err " + number + " >&2; exit " + std::to_string(code)});
      ASSERT_EQ(o.code, code) << o.err;
      ASSERT_EQ(o.out, "out " + number + "\n");
      ASSERT_EQ(o.err, "err " + number + "\n");
      continue;
    }
    const std::size_t victim = dice() % 3;
    // Without its engine it is nobody's: removal has to end it.
    const std::string command_line = victim == 1 ? "exec sleep 1000" : "echo x; sleep 0.01; exit 3";
    process running(command({"run", "--rm", "--network", network, small_, "sh", "-c", command_line}), environment());
    victims all{{running.pid(), 0, 0}};
    for (auto looks = dice() % 400; looks > 0 || (all.generations[victim] == 0 && !has_ended(running.pid()));
         looks -= looks > 0 ? 1 : 0)
      all.look();
    if (all.generations[victim] > 0 && ::kill(all.generations[victim], SIGKILL) == 0) ++hits[victim];
    const int ended = running.wait();
    ASSERT_TRUE(ended == 3 || ended == 125 || ended == 128 + SIGKILL) << "victim " << victim << " ended with " << ended;
  }
  for (const int count : hits) EXPECT_GT(count, 0);
  remove_all();
  // With the one that is removed last, everything goes that killed ones left.
  const std::string last = must({"run", "-d", "--network", "none", small_, "sleep", "1000"});
  must({"rm", "-f", last.substr(0, 64)});
}

}  // namespace
}  // namespace lxr::test
