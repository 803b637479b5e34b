// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <list>
#include <set>
#include <sstream>

#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class batch : public installation {
 protected:
  // Containers that wait, with their process, for what they are to run.
  int slots_in_use() {
    int found = 0;
    std::istringstream all(must({"ps", "-a", "--format", "json"}));
    for (std::string line; std::getline(all, line);) {
      const json::object o = json::parse_object(line, "ps");
      if (json::get_string(o, "State") == "starting" && json::get_int(o, "Pid") > 0) ++found;
    }
    return found;
  }
};

std::set<std::string> lines(const std::string& text) {
  std::set<std::string> out;
  std::istringstream in(text);
  for (std::string l; std::getline(in, l);) out.insert(l);
  return out;
}

TEST_F(batch, two_hundred_each_with_its_own_address_and_log) {
  const std::string said =
      must({"batch", "-n", "200", "--name", "w", small_, "sh", "-c", "hostname -i; exec sleep 1000"});
  EXPECT_TRUE(said.starts_with("started 200 of 200")) << said;
  EXPECT_EQ(lines(must({"ps", "-q"})).size(), 200u);
  std::set<std::string> addresses;
  std::istringstream all(must({"ps", "--format", "json"}));
  for (std::string line; std::getline(all, line);)
    addresses.insert(json::get_string(json::parse_object(line, "ps"), "Address"));
  EXPECT_EQ(addresses.size(), 200u);
  for (const char* name : {"w-1", "w-77", "w-200"}) {
    const std::string address = address_of(name);
    EXPECT_TRUE(eventually([&] { return must({"logs", name}) == address + "\n"; })) << name;
  }
  std::string ping = "for a in";
  for (const std::string& a : addresses) ping += " " + a;
  const outcome reached =
      run_program({"/bin/bash", "-c", ping + "; do ping -q -c 1 -W 5 $a > /dev/null || echo $a; done"});
  EXPECT_EQ(reached.out, "");
  remove_all();
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

TEST_F(batch, one_monitor_for_all) {
  must({"batch", "-n", "8", "--name", "w", "--network", "none", small_, "sleep", "1000"});
  std::set<std::int64_t> monitors;
  for (int i = 1; i <= 8; ++i)
    monitors.insert(json::get_int(*json::find_object(inspect("w-" + std::to_string(i)), "State"), "MonitorPid"));
  EXPECT_EQ(monitors.size(), 1u);
  EXPECT_GT(*monitors.begin(), 0);
}

TEST_F(batch, failures_are_named_and_the_others_run) {
  must({"create", "--name", "w-3", "--network", "none", small_, "true"});
  const outcome o = lxr({"batch", "-n", "5", "--name", "w", "--network", "none", small_, "sleep", "1000"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("w-3"), std::string::npos) << o.err;
  EXPECT_TRUE(o.out.starts_with("started 4 of 5")) << o.out;
  EXPECT_EQ(lines(must({"ps", "-q"})).size(), 4u);
}

TEST_F(batch, a_command_that_does_not_exist_leaves_nothing) {
  EXPECT_EQ(lxr({"batch", "-n", "5", small_, "nosuch"}).code, 125);
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

TEST_F(batch, interrupted_at_any_moment_it_leaves_nothing) {
  must({"pull", "-q", small_});
  for (std::size_t moment = 0; moment < 50; ++moment) {
    process running(command({"batch", "-n", "60", "--name", "w", small_, "sleep", "1000"}), environment());
    // The moment is a number of containers there are, not a time.
    ASSERT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, state_ + "/containers").size() >= moment % 15 * 4; }));
    ::kill(running.pid(), SIGINT);
    const int code = running.wait();
    if (code == 0) {  // it was faster: all of them run
      remove_all();
    } else {
      EXPECT_EQ(code, 130);
      EXPECT_EQ(must({"ps", "-aq"}), "");
    }
  }
}

TEST_F(batch, from_slots_each_is_as_any_other) {
  const std::string said =
      must({"batch", "-n", "50", "--slots", "20", "--name", "w", small_, "sh", "-c", "hostname -i; exec sleep 1000"});
  EXPECT_TRUE(said.starts_with("made 20 slots in")) << said;
  EXPECT_NE(said.find("started 50 of 50"), std::string::npos) << said;
  std::set<std::string> addresses;
  for (int i = 1; i <= 50; ++i) {
    const std::string name = "w-" + std::to_string(i), address = address_of(name);
    addresses.insert(address);
    EXPECT_TRUE(eventually([&] { return must({"logs", name}) == address + "\n"; }))
        << name << ": " << must({"logs", name});
  }
  EXPECT_EQ(addresses.size(), 50u);
  // What it may see and do is what a container has that was not made ahead.
  must({"run", "-d", "--name", "plain", small_, "sleep", "1000"});
  const std::vector<std::string> looks = {
      "ls -l /proc/self/ns | wc -l; cat /proc/mounts | cut -d' ' -f1-3 | sort; cat /proc/self/status | grep -E "
      "'Cap|Seccomp|NoNew'",
      "ip route | sed 's, src.*,,'; ip neigh | wc -l; ip addr | grep -c inet; ls /proc/sys/net/ipv4 | wc -l"};
  for (const std::string& look : looks)
    EXPECT_EQ(must({"exec", "w-20", "sh", "-c", look}), must({"exec", "plain", "sh", "-c", look}));
}

TEST_F(batch, slots_without_a_network_and_failures_from_slots) {
  const std::string said =
      must({"batch", "-n", "9", "--slots", "100", "--name", "w", "--network", "none", small_, "sleep", "1000"});
  EXPECT_TRUE(said.starts_with("made 9 slots in")) << said;
  EXPECT_EQ(lines(must({"ps", "-q"})).size(), 9u);
  const outcome taken =
      lxr({"batch", "-n", "12", "--slots", "3", "--name", "w", "--network", "none", small_, "sleep", "1000"});
  EXPECT_EQ(taken.code, 125);
  EXPECT_NE(taken.out.find("started 3 of 12"), std::string::npos) << taken.out << taken.err;
  const outcome nothing = lxr({"batch", "-n", "5", "--slots", "2", "--name", "x", small_, "nosuch"});
  EXPECT_EQ(nothing.code, 125);
  EXPECT_NE(nothing.err.find("x-5"), std::string::npos) << nothing.err;
  EXPECT_NE(nothing.err.find("nosuch"), std::string::npos) << nothing.err;
  EXPECT_EQ(lines(must({"ps", "-aq"})).size(), 12u);
}

// Two seconds are left while this image is pulled.
TEST_F(batch, golang_slots_are_made_while_the_image_comes) {
  process running(
      command({"batch", "-n", "6", "--slots", "6", "--name", "w", registry() + "/golang:latest", "sleep", "1000"}),
      environment());
  ASSERT_TRUE(eventually([&] { return slots_in_use() == 6; }));
  const outcome early = lxr({"start", "w-1"});
  EXPECT_EQ(early.code, 125);
  EXPECT_NE(early.err.find("another lxr is starting it"), std::string::npos) << early.err;
  ASSERT_TRUE(
      eventually([&] { return run_program({"/bin/ping", "-q", "-c", "1", "-W", "1", address_of("w-6")}).code == 0; }));
  EXPECT_EQ(must({"images", "-q"}), "") << "the image is there already";
  // One that dies in its slot is missing at the end; the others are not harmed.
  const auto pid = json::get_int(*json::find_object(inspect("w-3"), "State"), "Pid");
  ASSERT_EQ(::kill(static_cast<pid_t>(pid), SIGKILL), 0);
  EXPECT_EQ(running.wait(), 125);
  EXPECT_EQ(lines(must({"ps", "-q"})).size(), 5u);
  EXPECT_EQ(lines(must({"ps", "-aq"})).size(), 5u);
}

// A slot that dies while it is made makes room for the next: the starts begin all the same.
TEST_F(batch, slots_that_die_in_the_making_are_missing_at_the_end) {
  must({"pull", "-q", small_});
  for (int attempt = 0; attempt < 6; ++attempt) {
    process running(command({"batch", "-n", "60", "--slots", "24", "--name", "w", small_, "sleep", "1000"}),
                    environment());
    pid_t engine = 0;
    ASSERT_TRUE(eventually([&] { return (engine = child_of(running.pid())) > 0; }));
    std::set<pid_t> seen;
    ASSERT_TRUE(eventually([&] {
      const auto children = file::read_of_process(engine, "task/" + std::to_string(engine) + "/children");
      std::istringstream pids(children.value_or(""));
      for (pid_t pid = 0; pids >> pid;) {
        if (seen.insert(pid).second && seen.size() > 20 && seen.size() % 2 == 0) ::kill(pid, SIGKILL);  // the last ones
      }
      return seen.size() >= 28;
    }));
    EXPECT_EQ(running.wait(), 125);
    EXPECT_EQ(slots_in_use(), 0);
    std::vector<std::string> words{"rm", "-f"};
    for (const std::string& id : lines(must({"ps", "-aq"}))) words.push_back(id);
    EXPECT_GT(words.size(), 32u);
    EXPECT_LT(words.size(), 62u);
    must(words);
  }
}

TEST_F(batch, killed_or_interrupted_with_slots_it_leaves_nothing) {
  must({"pull", "-q", small_});
  for (std::size_t moment = 0; moment < 30; ++moment) {
    process running(command({"batch", "-n", "60", "--slots", "30", "--name", "w", small_, "sleep", "1000"}),
                    environment());
    pid_t engine = 0;  // asked for before the batch can be over
    ASSERT_TRUE(eventually([&] { return (engine = child_of(running.pid())) > 0; }));
    ASSERT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, state_ + "/containers").size() >= moment % 15 * 4; }));
    const bool killed = moment % 3 == 0;
    if (killed) {
      ::kill(engine, SIGKILL);
    } else {
      ::kill(running.pid(), SIGINT);
    }
    const int code = running.wait();
    if (code == 130) {
      EXPECT_EQ(must({"ps", "-aq"}), "") << "moment " << moment;
    }
    // What waited in a slot dies with its engine; what runs lives on.
    EXPECT_TRUE(eventually([&] { return slots_in_use() == 0; })) << "moment " << moment;
    remove_all();
  }
}

TEST_F(batch, processes_side_by_side_share_the_network) {
  must({"pull", "-q", small_});
  std::list<process> all;
  for (int i = 0; i < 6; ++i) {
    all.emplace_back(command({"batch", "-n", "10", "--name", "p" + std::to_string(i), small_, "sleep", "1000"}),
                     environment());
  }
  for (process& p : all) EXPECT_EQ(p.wait(), 0);
  std::set<std::string> addresses;
  std::istringstream listed(must({"ps", "--format", "json"}));
  for (std::string line; std::getline(listed, line);)
    addresses.insert(json::get_string(json::parse_object(line, "ps"), "Address"));
  EXPECT_EQ(addresses.size(), 60u);
}

}  // namespace
}  // namespace lxr::test
