// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

// Limits met in the middle: the message names the limit, what was created is usable or gone, and nothing else is left.
class limits : public installation {
 protected:
  // Runs lxr in a shell that has `preparation` behind it.
  outcome lxr_under(const std::string& preparation, const std::vector<std::string>& words) {
    std::vector<std::string> argv{"/bin/bash", "-c", preparation + " && exec \"$@\"", "-"};
    for (const std::string& word : command(words)) argv.push_back(word);
    return run_program(argv, {}, environment());
  }
  std::size_t count(const std::vector<std::string>& words) {
    const std::string out = must(words);
    return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n'));
  }
};

// A cgroup around lxr itself, of one controller.
class surrounding {
 public:
  surrounding(const std::string& controller, const std::string& v1_file, const std::string& v2_file,
              const std::string& limit) {
    const bool unified = ::access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
    path_ = "/sys/fs/cgroup/" + (unified ? "" : controller + "/") + "lxr-limit-" + std::to_string(::getpid());
    EXPECT_EQ(::mkdir(path_.c_str(), 0755), 0) << path_;
    const unique_fd file = file::open_at(AT_FDCWD, path_ + "/" + (unified ? v2_file : v1_file), O_WRONLY);
    file::write_all(file.get(), limit, path_);
  }
  ~surrounding() {
    EXPECT_TRUE(eventually([&] { return ::rmdir(path_.c_str()) == 0; })) << "somebody still lives in " << path_;
  }
  [[nodiscard]] std::string enter() const { return "echo $BASHPID > " + path_ + "/cgroup.procs"; }

 private:
  std::string path_;
};

TEST_F(limits, open_files) {
  must({"pull", "-q", small_});
  for (const char* slots : {"0", "30"}) {
    const outcome o =
        lxr_under("ulimit -n 70", {"batch", "-n", "40", "--slots", slots, "--name", "w", small_, "sleep", "1000"});
    EXPECT_EQ(o.code, 125);
    EXPECT_NE(o.err.find("Too many open files; raise the limit of open files (ulimit -n)"), std::string::npos) << o.err;
    const std::size_t running = count({"ps", "-q"});
    EXPECT_GT(running, 0u);
    EXPECT_LT(running, 40u);
    EXPECT_NE(o.out.find("started " + std::to_string(running) + " of 40"), std::string::npos) << o.out;
    std::istringstream ids(must({"ps", "-q"}));
    for (std::string id; ids >> id;) EXPECT_EQ(must({"exec", id, "echo", "here"}), "here\n");
    remove_all();
  }
}

TEST_F(limits, processes) {
  must({"pull", "-q", small_});
  {
    const surrounding few("pids", "pids.max", "pids.max", "6");
    const outcome o =
        lxr_under(few.enter(), {"batch", "-n", "60", "--parallel", "40", "--name", "w", small_, "sleep", "1000"});
    if (o.code != 0) {  // it may have been lucky each time
      EXPECT_NE(o.err.find("a limit of processes is reached; raise pids.max"), std::string::npos) << o.err;
    }
    EXPECT_NE(o.out.find("started " + std::to_string(count({"ps", "-q"})) + " of 60"), std::string::npos) << o.out;
    remove_all();
  }
  const surrounding none("pids", "pids.max", "pids.max", "2");  // the client and its engine
  const outcome o = lxr_under(none.enter(), {"batch", "-n", "5", "--name", "w", small_, "sleep", "1000"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("a limit of processes is reached; raise pids.max"), std::string::npos) << o.err;
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

// Who meets this one is killed, with all who share its memory: whoever is left says so, and what is left can be
// removed.
TEST_F(limits, memory) {
  must({"pull", "-q", small_});
  const surrounding small("memory", "memory.limit_in_bytes", "memory.max", "5M");
  const outcome o =
      lxr_under(small.enter(), {"batch", "-n", "300", "--name", "w", "--network", "none", small_, "sleep", "1000"});
  EXPECT_TRUE(o.code == 125 || o.code == 137) << o.code << o.out;
  if (o.code == 125) {
    EXPECT_NE(o.err.find("was killed: Killed"), std::string::npos) << o.err;
  }
  std::istringstream all(must({"ps", "-a", "--format", "json"}));
  for (std::string line; std::getline(all, line);) {
    const json::object c = json::parse_object(line, "ps");
    EXPECT_EQ(json::get_string(c, "State") == "running", json::get_int(c, "Pid") > 0) << line;
  }
  remove_all();
}

TEST_F(limits, all_or_nothing) {
  must({"create", "--name", "w-7", "--network", "none", small_, "true"});
  for (const char* slots : {"0", "4"}) {
    const outcome o =
        lxr({"batch", "-n", "9", "--all-or-nothing", "--slots", slots, "--name", "w", small_, "sleep", "1000"});
    EXPECT_EQ(o.code, 125);
    EXPECT_NE(o.err.find("w-7: "), std::string::npos) << o.err;
    EXPECT_EQ(count({"ps", "-aq"}), 1u) << "the one that was there before";
  }
  EXPECT_EQ(lxr({"batch", "-n", "3", "--all-or-nothing", "--name", "x", small_, "sleep", "1000"}).code, 0);
}

}  // namespace
}  // namespace lxr::test
