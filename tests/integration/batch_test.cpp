#include <signal.h>

#include <list>
#include <set>
#include <sstream>

#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

using batch = installation;

std::set<std::string> lines(const std::string& text) {
  std::set<std::string> out;
  std::istringstream in(text);
  for (std::string l; std::getline(in, l);) out.insert(l);
  return out;
}

TEST_F(batch, two_hundred_each_with_its_own_address_and_log) {
  const std::string said = must({"batch", "-n", "200", "--name", "w", small_, "sh", "-c", "hostname -i; exec sleep 1000"});
  EXPECT_TRUE(said.starts_with("started 200 of 200")) << said;
  EXPECT_EQ(lines(must({"ps", "-q"})).size(), 200u);
  std::set<std::string> addresses;
  std::istringstream all(must({"ps", "--format", "json"}));
  for (std::string line; std::getline(all, line);) addresses.insert(json::get_string(json::parse_object(line, "ps"), "Address"));
  EXPECT_EQ(addresses.size(), 200u);
  for (const char* name : {"w-1", "w-77", "w-200"}) {
    const std::string address = address_of(name);
    EXPECT_TRUE(eventually([&] { return must({"logs", name}) == address + "\n"; })) << name;
  }
  std::string ping = "for a in";
  for (const std::string& a : addresses) ping += " " + a;
  const outcome reached = run_program({"/bin/bash", "-c", ping + "; do ping -q -c 1 -W 5 $a > /dev/null || echo $a; done"});
  EXPECT_EQ(reached.out, "");
  std::vector<std::string> words{"rm", "-f"};
  for (const std::string& id : lines(must({"ps", "-aq"}))) words.push_back(id);
  must(words);
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

TEST_F(batch, one_monitor_for_all) {
  must({"batch", "-n", "8", "--name", "w", "--network", "none", small_, "sleep", "1000"});
  std::set<std::int64_t> monitors;
  for (int i = 1; i <= 8; ++i) monitors.insert(json::get_int(*json::find_object(inspect("w-" + std::to_string(i)), "State"), "MonitorPid"));
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
      std::vector<std::string> words{"rm", "-f"};
      for (const std::string& id : lines(must({"ps", "-aq"}))) words.push_back(id);
      must(words);
    } else {
      EXPECT_EQ(code, 130);
      EXPECT_EQ(must({"ps", "-aq"}), "");
    }
  }
}

TEST_F(batch, processes_side_by_side_share_the_network) {
  must({"pull", "-q", small_});
  std::list<process> all;
  for (int i = 0; i < 6; ++i) {
    all.emplace_back(command({"batch", "-n", "10", "--name", "p" + std::to_string(i), small_, "sleep", "1000"}), environment());
  }
  for (process& p : all) EXPECT_EQ(p.wait(), 0);
  std::set<std::string> addresses;
  std::istringstream listed(must({"ps", "--format", "json"}));
  for (std::string line; std::getline(listed, line);) addresses.insert(json::get_string(json::parse_object(line, "ps"), "Address"));
  EXPECT_EQ(addresses.size(), 60u);
}

}  // namespace
}  // namespace lxr::test
