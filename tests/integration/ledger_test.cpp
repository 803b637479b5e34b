// SPDX-License-Identifier: Apache-2.0
// What a start costs, counted: system calls, by strace(1), of all processes of one command. The ledger is a file of the
// repository:
// whoever makes a start dearer changes it there, and says why.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

constexpr double tolerance = 1.02;

// "scenario<TAB>calls" in each line that is not a comment.
long wanted(const std::string& scenario) {
  std::ifstream file(std::string(LXR_SOURCE_DIR) + "/tests/integration/ledger.txt");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(scenario + "\t")) return std::stol(line.substr(scenario.size() + 1));
  }
  ADD_FAILURE() << "the ledger has no " << scenario;
  return 0;
}

class ledger : public installation {
 protected:
  // The fewest of several runs: waits that are cut short by chance are asked for again.
  long calls_of(const std::vector<std::string>& words, const std::function<void()>& afterwards = {}) {
    long fewest = 0;
    for (int run = 0; run < 5; ++run) {
      const std::string report = dir_.path() + "/strace";
      std::vector<std::string> traced{"/usr/bin/strace", "-f", "-c", "-o", report};
      const std::vector<std::string> line = command(words);
      traced.insert(traced.end(), line.begin(), line.end());
      const outcome o = run_program(traced, {}, environment());
      EXPECT_EQ(o.code, 0) << o.err;
      if (afterwards) afterwards();
      const long calls = total_of(report);
      fewest = fewest == 0 ? calls : std::min(fewest, calls);
    }
    return fewest;
  }

  // The last line of `strace -c`: "100.00  0.01  10  672  28 total".
  static long total_of(const std::string& report) {
    std::istringstream text(file::read_at(AT_FDCWD, report).value());
    for (std::string line; std::getline(text, line);) {
      if (!line.ends_with(" total")) continue;
      std::istringstream fields(line);
      std::string percent, seconds, each;
      long calls = 0;
      fields >> percent >> seconds >> each >> calls;
      return calls;
    }
    ADD_FAILURE() << "strace counted nothing";
    return 0;
  }

  static void expect(const std::string& scenario, double calls) {
    const auto limit = static_cast<double>(wanted(scenario));
    EXPECT_LE(calls, limit * tolerance) << scenario << " takes " << calls << " system calls, " << limit
                                        << " by the ledger";
    EXPECT_GE(calls * tolerance * tolerance, limit)
        << scenario << " takes only " << calls << " system calls now: write it down in the ledger";
    std::cout << scenario << ": " << calls << " system calls\n";
  }
};

TEST_F(ledger, run) {
  must({"run", "--rm", "--network", "none", small_, "true"});  // the store has the image, the instance its directories
  expect("run", static_cast<double>(calls_of({"run", "--rm", "--network", "none", small_, "true"})));
}

TEST_F(ledger, exec) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  expect("exec", static_cast<double>(calls_of({"exec", "box", "true"})));
}

TEST_F(ledger, batch_of_100_per_container) {
  must({"run", "--rm", "--network", "none", small_, "true"});
  expect("batch",
         std::round(static_cast<double>(calls_of({"batch", "-n", "100", "--rm", "--network", "none", small_, "true"})) /
                    100));
}

}  // namespace
}  // namespace lxr::test
