// SPDX-License-Identifier: Apache-2.0
// Between states: what users meet when two commands are a few milliseconds apart (issue 11, section 3).
#include <signal.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

// A command in a thread of its own.
class beside {
 public:
  explicit beside(std::function<outcome()> call) : thread_([this, call = std::move(call)] { result_ = call(); }) {}
  ~beside() {
    if (thread_.joinable()) thread_.join();
  }
  beside(const beside&) = delete;
  beside& operator=(const beside&) = delete;
  outcome wait() {
    thread_.join();
    return result_;
  }

 private:
  outcome result_;
  std::thread thread_;
};

class between : public installation {
 protected:
  void SetUp() override { must({"pull", "-q", small_}); }

  std::vector<std::string> make(std::vector<std::string> words, std::vector<std::string> body) {
    words.insert(words.end(), {"--name", "v", "--network", "none", small_});
    words.insert(words.end(), body.begin(), body.end());
    return words;
  }
  std::vector<std::string> run_d() { return make({"run", "-d"}, {"sleep", "1000"}); }

  // Calls `second` up to ten milliseconds after `first`.
  std::pair<outcome, outcome> pair(const std::vector<std::string>& first, const std::vector<std::string>& second) {
    beside one([&] { return lxr(first); });
    std::this_thread::sleep_for(std::chrono::microseconds(offset_(dice_)));  // the offset is what is tested
    const outcome two = lxr(second);
    return {one.wait(), two};
  }
  void clean() { lxr({"rm", "-f", "v"}); }

 private:
  std::mt19937 dice_{std::random_device()()};
  std::uniform_int_distribution<int> offset_{0, 10'000};
};

// 3.1: a container on its way is not one that nobody needs.
TEST_F(between, prune_takes_nothing_that_is_on_its_way) {
  for (int i = 0; i < 40; ++i) {
    const auto [made, pruned] = pair(run_d(), {"system", "prune", "-f"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_EQ(pruned.code, 0) << pruned.err;
    EXPECT_EQ(status_of("v"), "running");
    clean();
  }
}

TEST_F(between, an_attached_run_is_not_disturbed_by_prunes) {
  std::atomic<bool> over = false;
  beside pruning([&] {
    while (!over) EXPECT_EQ(lxr({"system", "prune", "-f"}).code, 0);
    return outcome{};
  });
  for (int i = 0; i < 40; ++i) {
    const outcome o = lxr({"run", "--rm", "--network", "none", small_, "sh", "-c", "echo hi; exit 3"});
    EXPECT_EQ(o.code, 3) << o.err;
    EXPECT_EQ(o.out, "hi\n");
  }
  over = true;
}

// 3.2
TEST_F(between, rm_without_force_takes_no_container_that_is_being_started) {
  for (int i = 0; i < 40; ++i) {
    const auto [made, removed] = pair(run_d(), {"rm", "v"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_TRUE(removed.code == 1 || removed.code == 2) << removed.code << removed.err;
    EXPECT_EQ(status_of("v"), "running");
    clean();
  }
}

// 3.3 and 3.16: the exit of a container's last process is not taken for the next one's.
TEST_F(between, start_attached_right_after_create_sees_all) {
  for (int i = 0; i < 60; ++i) {
    must(make({"create"}, {"sh", "-c", "echo o; exit 6"}));
    const outcome o = lxr({"start", "-a", "v"});
    EXPECT_EQ(o.code, 6) << o.err;
    EXPECT_EQ(o.out, "o\n");
    EXPECT_EQ(json::get_int(*json::find_object(inspect("v"), "State"), "ExitCode"), 6);
    must({"rm", "v"});
  }
}

TEST_F(between, start_right_after_kill_stays_up) {
  must(run_d());
  for (int i = 0; i < 60; ++i) {
    must({"kill", "v"});
    must({"start", "v"});
    EXPECT_EQ(lxr({"exec", "v", "true"}).code, 0);
    EXPECT_EQ(status_of("v"), "running");
  }
}

// 3.16
TEST_F(between, kill_returns_when_the_process_is_dead) {
  for (int i = 0; i < 30; ++i) {
    must(run_d());
    must({"kill", "v"});
    EXPECT_EQ(status_of("v"), "exited");
    must({"rm", "v"});
  }
}

TEST_F(between, whoever_sees_an_exit_sees_its_code) {
  for (int i = 0; i < 40; ++i) {
    must(make({"run", "-d"}, {"sh", "-c", "exit 7"}));
    json::object state;
    EXPECT_TRUE(eventually([&] {
      state = *json::find_object(inspect("v"), "State");
      return json::get_string(state, "Status") == "exited";
    }));
    EXPECT_EQ(json::get_int(state, "ExitCode"), 7);
    must({"rm", "v"});
  }
}

TEST_F(between, of_two_removers_one_finds_nothing) {
  for (int i = 0; i < 30; ++i) {
    must(make({"create"}, {"sleep", "1000"}));
    const auto [one, two] = pair({"rm", "v"}, {"rm", "v"});
    EXPECT_EQ(std::min(one.code, two.code), 0) << one.err << two.err;
    EXPECT_EQ(std::max(one.code, two.code), 1) << one.err << two.err;
  }
}

TEST_F(between, start_beside_run_finds_it_running) {
  for (int i = 0; i < 30; ++i) {
    const auto [made, started] = pair(run_d(), {"start", "v"});
    EXPECT_EQ(made.code, 0) << made.err;
    EXPECT_TRUE(started.code == 0 || started.err.find("no container with that name") != std::string::npos)
        << started.err;
    EXPECT_EQ(status_of("v"), "running");
    clean();
  }
}

TEST_F(between, stop_of_a_created_container_leaves_it_as_it_is) {
  for (int i = 0; i < 20; ++i) {
    must(make({"create"}, {"sleep", "1000"}));
    const auto [started, stopped] = pair({"start", "v"}, {"stop", "-t", "0", "v"});
    EXPECT_EQ(started.code, 0) << started.err;
    EXPECT_EQ(stopped.code, 0) << stopped.err;
    const std::string status = status_of("v");
    EXPECT_TRUE(status == "running" || status == "exited") << status;
    clean();
  }
  must(make({"create"}, {"sleep", "1000"}));
  must({"stop", "v"});
  EXPECT_EQ(status_of("v"), "created");
}

// Commands that are done may still sweep behind themselves: nothing that is new is theirs to take.
TEST_F(between, what_follows_a_removal_is_not_swept) {
  for (int i = 0; i < 60; ++i) {
    must(make({"create"}, {"sleep", "1000"}));
    lxr({"rm", "-f", "v"});
    lxr({"rm", "-f", "nobody"});
  }
}

// Every pair of commands on one container, in each of its states: nobody hangs, aborts, blames what is not the cause,
// or leaves a container that cannot be removed or that is said to run without a process.
class pairs : public between {
 protected:
  using lines = std::vector<std::vector<std::string>>;

  // `states`: by their names, the commands that lead there.
  void try_all(const std::map<std::string, lines>& states, const lines& commands) {
    for (const auto& [state, making] : states) {
      for (const auto& first : commands) {
        for (const auto& second : commands) {
          for (const auto& words : making) must(words);
          const auto [one, two] = pair(first, second);
          const std::string what = state + ": " + first.front() + " beside " + second.front() + ": ";
          check_texts(what, one.err + two.err);
          check_state(what);
          clean();
          ASSERT_EQ(lxr({"inspect", "v"}).code, 1) << what << "cannot be removed";
        }
      }
    }
  }

 private:
  static void check_texts(const std::string& what, const std::string& text) {
    for (const char* never : {"terminate called", "cannot open", ".tmp-", "No such device", "No such process",
                              "No such file", "may be too low", "cgroup", "cannot make directory", "Connection re",
                              "$PATH ()", "container: container", "was killed while"})
      EXPECT_EQ(text.find(never), std::string::npos) << what << text;
  }
  void check_state(const std::string& what) {
    const outcome seen = lxr({"inspect", "v"});
    if (seen.code != 0) return;
    const json::array all = json::parse(seen.out, "inspect").as_array();
    const json::object now = *json::find_object(all.at(0).as_object(), "State");
    const auto pid = static_cast<pid_t>(json::get_int(now, "Pid"));
    const std::string status = json::get_string(now, "Status");
    const bool is_true = status != "running" || (pid > 0 && ::kill(pid, 0) == 0);
    EXPECT_TRUE(is_true || eventually([this] { return status_of("v") != "running"; })) << what;  // it has just ended
    EXPECT_NE(status, "starting") << what;
    EXPECT_EQ(status == "paused", json::get_bool(now, "Paused")) << what;
  }
};

TEST_F(pairs, of_commands_leave_a_true_state) {
  try_all({{"none", {}},
           {"created", {make({"create"}, {"sleep", "1000"})}},
           {"running", {run_d()}},
           {"exited", {run_d(), {"kill", "v"}}}},
          {{"start", "v"},
           {"stop", "-t", "0", "v"},
           {"kill", "v"},
           {"rm", "v"},
           {"rm", "-f", "v"},
           {"system", "prune", "-f"},
           {"exec", "v", "true"},
           {"inspect", "v"},
           run_d(),
           make({"create"}, {"sleep", "1000"}),
           make({"run", "--rm"}, {"true"})});
}

TEST_F(pairs, of_commands_on_one_that_ends_leave_a_true_state) {
  try_all({{"created", {make({"create"}, {"true"})}}, {"exited", {make({"run"}, {"true"})}}},
          {{"start", "-a", "v"},
           {"start", "v"},
           {"stop", "-t", "0", "v"},
           {"logs", "v"},
           {"exec", "v", "true"},
           {"rm", "-f", "v"},
           make({"run", "--rm"}, {"true"})});
}

TEST_F(pairs, of_commands_that_pause_or_change_leave_a_true_state) {
  try_all({{"running", {run_d()}}, {"paused", {run_d(), {"pause", "v"}}}}, {{"pause", "v"},
                                                                            {"unpause", "v"},
                                                                            {"update", "--pids-limit", "50", "v"},
                                                                            {"start", "v"},
                                                                            {"stop", "-t", "0", "v"},
                                                                            {"kill", "v"},
                                                                            {"exec", "v", "true"},
                                                                            {"rm", "-f", "-v", "v"}});
}

TEST_F(pairs, of_commands_on_volumes_leave_a_true_state) {
  const std::vector<std::string> with_volume =
      make({"run", "-d", "-v", "kept:/etc", "-v", "/anonymous"}, {"sleep", "1000"});
  try_all({{"none", {}}, {"running", {with_volume}}}, {with_volume,
                                                       {"volume", "prune", "-a", "-f"},
                                                       {"volume", "rm", "-f", "kept"},
                                                       {"volume", "create", "kept"},
                                                       {"volume", "ls"},
                                                       {"rm", "-f", "-v", "v"},
                                                       {"system", "prune", "-f"}});
}

TEST_F(between, logs_and_exec_wait_for_one_that_is_being_started) {
  for (int i = 0; i < 20; ++i) {
    const auto [made, followed] = pair(make({"run", "-d"}, {"sh", "-c", "echo x"}), {"logs", "-f", "v"});
    EXPECT_EQ(made.code, 0) << made.err;
    if (followed.code == 0) EXPECT_EQ(followed.out, "x\n");
    clean();
    const auto [again, executed] = pair(run_d(), {"exec", "v", "echo", "x"});
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_TRUE(executed.out == "x\n" || executed.err.find("no container with that name") != std::string::npos)
        << executed.err;
    clean();
  }
}

// 3.16: four clients that know nothing of each other, on three names.
class storm : public between {
 protected:
  std::vector<std::string> any_command(std::mt19937& dice) {
    const std::string name(1, static_cast<char>('x' + dice() % 3)), network = dice() % 3 == 0 ? "bridge" : "none";
    const auto with = [&](std::vector<std::string> words, std::vector<std::string> body) {
      words.insert(words.end(), {"--name", name, "--network", network, small_});
      words.insert(words.end(), body.begin(), body.end());
      return words;
    };
    const std::vector<std::string> sleeps{"sleep", "1000"}, ends{"sh", "-c", "echo out; exit 3"};
    const std::vector<std::vector<std::string>> all{with({"run", "-d"}, sleeps),
                                                    with({"run", "--rm"}, ends),
                                                    with({"run"}, ends),
                                                    with({"create"}, ends),
                                                    with({"create"}, sleeps),
                                                    {"start", name},
                                                    {"stop", "-t", "0", name},
                                                    {"kill", name},
                                                    {"rm", name},
                                                    {"rm", "-f", name},
                                                    {"exec", name, "echo", "out"},
                                                    {"pause", name},
                                                    {"unpause", name},
                                                    {"unpause", name},
                                                    {"update", "--pids-limit", "50", name},
                                                    {"rm", "-f", "-v", name},
                                                    {"volume", "prune", "-a", "-f"},
                                                    with({"run", "-d", "-v", "kept:/d"}, sleeps),
                                                    {"inspect", name},
                                                    {"ps", "-a"},
                                                    {"logs", name},
                                                    {"system", "prune", "-f"},
                                                    {"system", "df"}};
    return all[dice() % all.size()];
  }
  // What holds of every command, whatever the others do meanwhile.
  void check(const std::vector<std::string>& words, const outcome& o) {
    const std::string what = words.front() + ": " + o.err;
    for (const char* text : {"terminate called", "cannot open", ".tmp-", "No such", "may be too low", "cgroup.procs",
                             "cannot make directory", "Connection re", "Bad file", "corrupt"}) {
      EXPECT_EQ(o.err.find(text), std::string::npos) << what;
    }
    if (words.back() == "echo out; exit 3" && words.front() == "run" && o.code == 3) EXPECT_EQ(o.out, "out\n") << what;
    if (words.front() == "exec" && o.code == 0) EXPECT_EQ(o.out, "out\n") << what;
    if (words.front() == "system" || words.front() == "ps") EXPECT_EQ(o.code, 0) << what;
    if (words.front() == "inspect" && o.code == 0) {
      const json::array all = json::parse(o.out, "inspect").as_array();
      const json::object state = *json::find_object(all.at(0).as_object(), "State");
      EXPECT_TRUE(json::get_string(state, "Status") != "exited" || json::get_bool(state, "ExitCodeKnown")) << what;
    }
  }
};

TEST_F(storm, of_four_clients_leaves_nothing_lost_and_nothing_untrue) {
  constexpr int clients = 4, commands_each = 120;
  std::mutex checking;
  {
    std::vector<std::unique_ptr<beside>> all;
    for (int c = 0; c < clients; ++c) {
      all.push_back(std::make_unique<beside>([&, c] {
        std::mt19937 dice(std::random_device{}() + static_cast<unsigned>(c));
        for (int i = 0; i < commands_each; ++i) {
          const std::vector<std::string> words = any_command(dice);
          const outcome o = lxr(words);
          const std::lock_guard one_at_a_time(checking);
          check(words, o);
        }
        return outcome{};
      }));
    }
  }
  for (const char* name : {"x", "y", "z"}) {
    const outcome seen = lxr({"inspect", name});
    if (seen.code == 0) EXPECT_NE(status_of(name), "starting");
    lxr({"rm", "-f", name});
    EXPECT_EQ(lxr({"inspect", name}).code, 1);
  }
}

}  // namespace
}  // namespace lxr::test
