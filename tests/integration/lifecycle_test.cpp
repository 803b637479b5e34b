// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <filesystem>

#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

using lifecycle = installation;

TEST_F(lifecycle, create_prepares_and_start_only_starts) {
  const std::string id = must({"create", "--name", "box", small_, "sh", "-c", "echo started; sleep 1000"});
  EXPECT_EQ(id.size(), 65u);
  EXPECT_EQ(status_of("box"), "created");
  const json::object before = inspect("box");
  const auto pid = json::get_int(*json::find_object(before, "State"), "Pid");
  EXPECT_GT(pid, 0);  // its first process waits
  EXPECT_EQ(must({"logs", "box"}), "");
  EXPECT_EQ(must({"start", "box"}), "box\n");
  const json::object after = inspect("box");
  EXPECT_EQ(json::get_int(*json::find_object(after, "State"), "Pid"), pid);
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_TRUE(eventually([&] { return must({"logs", "box"}) == "started\n"; }));
  EXPECT_NE(must({"ps"}).find(address_of("box")), std::string::npos);
  EXPECT_EQ(must({"rm", "-f", "box"}), "box\n");
}

TEST_F(lifecycle, a_start_that_fails_says_why) {
  must({"create", "--name", "box", small_, "nosuchprogram"});
  const outcome o = lxr({"start", "box"});
  EXPECT_EQ(o.code, 127);
  EXPECT_NE(o.err.find("nosuchprogram"), std::string::npos) << o.err;
  EXPECT_TRUE(eventually([&] { return status_of("box") == "exited"; }));
}

TEST_F(lifecycle, stopping_and_starting_again_keeps_its_files) {
  must({"run", "-d", "--name", "box", small_, "sh", "-c",
        "echo x >> /count; trap 'exit 3' TERM; while :; do sleep 0.05; done"});
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "box", "test", "-e", "/count"}).code == 0; }));
  EXPECT_EQ(must({"stop", "box"}), "box\n");
  EXPECT_EQ(status_of("box"), "exited");
  const json::object stopped = inspect("box");
  EXPECT_EQ(json::get_int(*json::find_object(stopped, "State"), "ExitCode"), 3);
  EXPECT_EQ(must({"stop", "box"}), "box\n");  // again: no error
  must({"start", "box"});
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "box", "cat", "/count"}).out == "x\nx\n"; }));
}

TEST_F(lifecycle, a_restart_does_not_wait_for_its_old_link) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  for (int i = 0; i < 3; ++i) {
    must({"stop", "-t", "0", "box"});
    must({"start", "box"});
    EXPECT_EQ(run_program({"/bin/ping", "-c", "1", "-W", "5", address_of("box")}).code, 0);
  }
}

TEST_F(lifecycle, stop_uses_the_stop_signal_and_kills_after_its_time) {
  must({"run", "-d", "--name", "a", "--stop-signal", "USR1", small_, "sh", "-c",
        "trap 'exit 9' USR1; echo up; while :; do sleep 0.05; done"});
  must({"run", "-d", "--name", "b", small_, "sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"});
  EXPECT_TRUE(eventually([&] { return must({"logs", "a"}) == "up\n" && must({"logs", "b"}) == "up\n"; }));
  must({"stop", "a"});
  EXPECT_EQ(json::get_int(*json::find_object(inspect("a"), "State"), "ExitCode"), 9);
  must({"stop", "-t", "1", "b"});
  EXPECT_EQ(json::get_int(*json::find_object(inspect("b"), "State"), "ExitCode"), 137);
}

TEST_F(lifecycle, kill_sends_signals_by_name_and_number) {
  must(
      {"run", "-d", "--name", "box", small_, "sh", "-c", "trap 'echo got' HUP; echo up; while :; do sleep 0.05; done"});
  EXPECT_TRUE(eventually([&] { return must({"logs", "box"}) == "up\n"; }));
  EXPECT_EQ(must({"kill", "-s", "1", "box"}), "box\n");
  EXPECT_TRUE(eventually([&] { return must({"logs", "box"}) == "up\ngot\n"; }));
  must({"kill", "box"});
  EXPECT_TRUE(eventually([&] { return status_of("box") == "exited"; }));
  EXPECT_EQ(lxr({"kill", "box"}).code, 125);
}

TEST_F(lifecycle, removing_knows_missing_running_and_forced) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  EXPECT_EQ(lxr({"rm", "nobody"}).code, 1);
  EXPECT_EQ(lxr({"rm", "box"}).code, 2);
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_EQ(lxr({"rm", "-f", "nobody"}).code, 0);
  EXPECT_EQ(lxr({"rm", "-f", "box"}).code, 0);
  EXPECT_EQ(lxr({"inspect", "box"}).code, 1);
  EXPECT_EQ(lxr({"inspect", "box"}).out, "[]\n");
}

TEST_F(lifecycle, removing_while_it_starts_leaves_no_stray) {
  for (int i = 0; i < 8; ++i) {
    must({"create", "--name", "box", "--network", "none", small_, "sleep", "1000"});
    must({"start", "box"});
    must({"stop", "-t", "0", "box"});
    process starting(command({"start", "box"}), environment());
    const int removed = lxr({"rm", "box"}).code;
    const int started = starting.wait();
    if (removed == 0) {
      EXPECT_EQ(must({"ps", "-aq"}), "");
    } else {
      EXPECT_EQ(removed, 2);
      EXPECT_EQ(started, 0);
      must({"rm", "-f", "box"});
    }
  }
}

TEST_F(lifecycle, one_damaged_container_does_not_hide_the_others) {
  must({"run", "-d", "--name", "good", "--network", "none", small_, "sleep", "1000"});
  const std::string id(64, 'd');
  file::make_directories(root_ + "/containers/" + id);
  file::replace_at(AT_FDCWD, root_ + "/containers/" + id + "/config.json", "");
  EXPECT_EQ(must({"ps", "-q"}).size(), 13u);
  EXPECT_EQ(lxr({"rm", "-f", id}).code, 0);
  EXPECT_FALSE(std::filesystem::exists(root_ + "/containers/" + id));
}

TEST_F(lifecycle, a_full_disk_of_one_log_does_not_end_the_monitor) {
  const std::string disk = dir_.path() + "/disk";
  file::make_directories(disk);
  const outcome o = run_program(
      {"/usr/bin/unshare", "-m", "/bin/bash", "-c",
       "ulimit -t 20; mount -t tmpfs -o size=24m tmpfs " + disk + "; l=\"" + program_path("lxr") + " --root " + disk +
           "/root --state " + state_ + "\"; $l batch -q -n 3 --name w --network none " + small_ +
           " sh -c 'if [ $(hostname) ]; then sleep 1; fi; dd if=/dev/zero of=/fill bs=1M 2>/dev/null; yes | head "
           "-100000; exit 5'; "
           "for i in 1 2 3; do until $l inspect w-$i | grep -q '\"ExitCode\": 5'; do :; done; echo w-$i ended; done; "
           "$l rm -f w-1 w-2 w-3 > /dev/null"},
      {}, environment());
  EXPECT_NE(o.out.find("w-1 ended\nw-2 ended\nw-3 ended\n"), std::string::npos) << o.out << o.err;
}

// Two root directories may share a state directory: what one sweeps is not the other's.
TEST_F(lifecycle, another_root_with_the_same_state_keeps_its_containers) {
  const std::string other = dir_.path() + "/other";
  must({"--root", other, "run", "-d", "--name", "theirs", small_, "sleep", "1000"});
  must({"run", "-d", "--name", "ours", small_, "sleep", "1000"});
  must({"rm", "-f", "ours"});
  must({"run", "--rm", small_, "true"});
  EXPECT_TRUE(eventually(
      [&] { return run_program({"/usr/bin/pgrep", "-f", "lxr: after a command"}).code != 0; }));  // which sweeps
  EXPECT_EQ(must({"--root", other, "exec", "theirs", "sh", "-c",
                  "nc -w 5 $(ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p') 1 2>&1 | grep -o refused"}),
            "refused\n");
  EXPECT_EQ(must({"--root", other, "ps", "-q"}).size(), 13u);
  must({"--root", other, "rm", "-f", "theirs"});
}

// Its engine was killed before it wrote down whom it had started.
TEST_F(lifecycle, what_nobody_knows_of_ends_with_its_container) {
  const std::string id = must({"run", "-d", "--network", "none", small_, "sleep", "1000"}).substr(0, 64);
  const auto pid = json::get_int(*json::find_object(inspect(id), "State"), "Pid");
  ASSERT_EQ(::unlink((state_ + "/containers/" + id + "/state.json").c_str()), 0);
  EXPECT_EQ(lxr({"rm", id}).code, 2);  // it is taken for one that is being started
  must({"rm", "-f", id});
  EXPECT_TRUE(eventually([&] { return ::kill(static_cast<pid_t>(pid), 0) != 0; }));
}

TEST_F(lifecycle, stop_takes_one_named_twice) {
  const std::string id = must({"run", "-d", "--name", "box", small_, "sleep", "1000"}).substr(0, 64);
  must({"stop", "-t", "0", "box", id});
  EXPECT_EQ(status_of("box"), "exited");
}

TEST_F(lifecycle, a_name_in_use_is_refused_and_free_again_after_removal) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  const outcome o = lxr({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("in use"), std::string::npos);
  EXPECT_EQ(must({"ps", "-q"}).size(), 13u);
  must({"rm", "-f", "box"});
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
}

TEST_F(lifecycle, exec_joins_everything_and_hands_on_streams_and_codes) {
  must({"run", "-d", "--name", "box", "-e", "A=run", "--hostname", "here", small_, "sleep", "1000"});
  const outcome o = lxr({"exec", "-i", "-e", "B=exec", "-w", "/tmp", "box", "sh", "-c",
                         "hostname; pwd; echo $A$B; cat; set -- /proc/[0-9]*; echo $#; echo e >&2; exit 4"},
                        "in");
  EXPECT_EQ(o.code, 4);
  EXPECT_EQ(o.out, "here\n/tmp\nrunexec\nin2\n");
  EXPECT_EQ(o.err, "e\n");
  EXPECT_EQ(lxr({"exec", "-u", "app", "box", "id", "-un"}).out, "app\n");
  EXPECT_EQ(lxr({"exec", "box", "nosuch"}).code, 127);
  EXPECT_EQ(lxr({"exec", "box", "/etc/passwd"}).code, 126);
  EXPECT_EQ(lxr({"exec", "box"}, "echo from a shell; exit 6\n").code, 6);
  must({"stop", "-t", "0", "box"});
  const outcome stopped = lxr({"exec", "box", "true"});
  EXPECT_EQ(stopped.code, 125);
  EXPECT_NE(stopped.err.find("not running"), std::string::npos);
}

TEST_F(lifecycle, logs_follow_until_the_end) {
  must({"run", "-d", "--name", "box", small_, "sh", "-c",
        "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done; printf end; echo e >&2"});
  const outcome o = lxr({"logs", "-f", "box"});
  EXPECT_EQ(o.out, "1\n2\n3\n4\n5\nend");
  EXPECT_EQ(o.err, "e\n");
  EXPECT_EQ(must({"logs", "--tail", "3", "box"}), "5\nend");
  EXPECT_EQ(lxr({"logs", "nobody"}).code, 125);
}

// What lxr-cleanup.service calls.
TEST_F(lifecycle, prune_external_removes_what_a_crash_left_and_nothing_else) {
  for (const char* name : {"thrown", "kept"}) {
    std::vector<std::string> line{"run", "-d", "--name", name, "--network", "none", small_, "sleep", "1000"};
    if (std::string(name) == "thrown") line.insert(line.begin() + 1, "--rm");
    must(line);
    const json::object all = inspect(name), state = *json::find_object(all, "State");
    for (const char* process : {"MonitorPid", "Pid"})
      ::kill(static_cast<pid_t>(json::get_int(state, process)), SIGKILL);
    EXPECT_TRUE(eventually([&] { return status_of(name) == "exited"; }));
  }
  must({"run", "-d", "--rm", "--name", "running", "--network", "none", small_, "sleep", "1000"});
  must({"create", "--rm", "--name", "fresh", "--network", "none", small_, "sleep", "1000"});
  for (const char* left : {"/ingest/dead", "/trash/dead", "/containers/0123"})
    std::filesystem::create_directory(root_ + left);
  EXPECT_EQ(lxr({"system", "prune", "--external", "-a"}).code, 125);
  const std::string id = json::get_string(inspect("thrown"), "Id");
  EXPECT_EQ(must({"system", "prune", "--external"}), "Deleted container: " + id + "\n");
  EXPECT_EQ(status_of("kept"), "exited");
  EXPECT_EQ(status_of("running"), "running");
  EXPECT_EQ(status_of("fresh"), "created");
  EXPECT_EQ(lxr({"inspect", "thrown"}).code, 1);
  for (const char* left : {"/ingest/dead", "/trash/dead", "/containers/0123"})
    EXPECT_FALSE(std::filesystem::exists(root_ + left)) << left;
  EXPECT_NE(must({"images"}).find("small"), std::string::npos);
  EXPECT_EQ(must({"system", "prune", "--external"}), "");
}

TEST_F(lifecycle, a_killed_monitor_leaves_its_containers_and_the_truth) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  const json::object before = inspect("box");
  const auto monitor = static_cast<pid_t>(json::get_int(*json::find_object(before, "State"), "MonitorPid"));
  ASSERT_GT(monitor, 0);
  ::kill(monitor, SIGKILL);
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_EQ(lxr({"exec", "box", "echo", "alive"}).out, "alive\n");
  const auto init = static_cast<pid_t>(json::get_int(*json::find_object(before, "State"), "Pid"));
  ::kill(init, SIGKILL);
  EXPECT_TRUE(eventually([&] { return status_of("box") == "exited"; }));
  EXPECT_EQ(address_of("box"), "");
  must({"start", "box"});
  EXPECT_EQ(status_of("box"), "running");
}

// Issue 11, 1.18.
TEST_F(lifecycle, state_lost_in_a_reboot_is_rebuilt) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  must({"create", "--name", "fresh", "--network", "none", small_, "sleep", "1000"});
  must({"run", "-d", "--name", "thrown", "--rm", "--network", "none", small_, "sleep", "1000"});
  must({"stop", "-t", "0", "box"});
  for (const char* lost : {"fresh", "thrown"}) {  // their processes end with the host
    const json::object all = inspect(lost), state = *json::find_object(all, "State");
    for (const char* process : {"MonitorPid", "Pid"})
      ::kill(static_cast<pid_t>(json::get_int(state, process)), SIGKILL);
    EXPECT_TRUE(eventually([&] { return ::kill(static_cast<pid_t>(json::get_int(state, "Pid")), 0) != 0; }));
  }
  std::filesystem::remove_all(state_);
  EXPECT_EQ(status_of("box"), "exited");
  EXPECT_EQ(json::get_int(*json::find_object(inspect("box"), "State"), "ExitCode"), 137);
  EXPECT_EQ(status_of("fresh"), "created");
  EXPECT_EQ(lxr({"inspect", "thrown"}).code, 1);
  must({"start", "box"});
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_EQ(lxr({"run", "--name", "box", small_, "true"}).code, 125);  // the name is still its own
  must({"start", "fresh"});
  EXPECT_EQ(status_of("fresh"), "running");
}

TEST_F(lifecycle, inspect_shows_namespaces_mounts_and_image) {
  must({"run", "-d", "--name", "box", "-v", "/tmp:/x:ro", small_, "sleep", "1000"});
  const json::object o = inspect("box");
  EXPECT_EQ(json::find_object(o, "Namespaces")->size(), 7u);
  ASSERT_EQ(json::find_array(o, "Mounts")->size(), 1u);
  EXPECT_EQ(json::get_string(json::find_array(o, "Mounts")->at(0).as_object(), "Source"), "/tmp");
  EXPECT_FALSE(json::get_bool(json::find_array(o, "Mounts")->at(0).as_object(), "RW"));
  EXPECT_EQ(json::get_string(o, "ImageName"), small_);
  EXPECT_TRUE(json::get_string(o, "Image").starts_with("sha256:"));
  EXPECT_EQ(json::get_string(*json::find_object(o, "Config"), "Hostname"), json::get_string(o, "Id").substr(0, 12));
}

TEST_F(lifecycle, an_image_whose_command_is_a_shell_waits_in_the_background) {
  must({"create", "--name", "box", small_});
  must({"start", "box"});
  EXPECT_EQ(must({"exec", "box", "echo", "here"}), "here\n");
  const auto monitor = static_cast<pid_t>(json::get_int(*json::find_object(inspect("box"), "State"), "MonitorPid"));
  ::kill(monitor, SIGKILL);
  EXPECT_EQ(must({"exec", "box", "echo", "still"}), "still\n");
  EXPECT_EQ(lxr({"run", "--rm", small_}).code, 0);  // attached it ends with its input
}

TEST_F(lifecycle, starting_what_runs_leaves_it_and_does_not_pretend_to_attach) {
  must({"run", "-d", "--name", "box", small_, "sleep", "1000"});
  const auto pid = json::get_int(*json::find_object(inspect("box"), "State"), "Pid");
  must({"start", "box"});
  const outcome o = lxr({"start", "-a", "box"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("it is running already"), std::string::npos) << o.err;
  EXPECT_EQ(json::get_int(*json::find_object(inspect("box"), "State"), "Pid"), pid);
}

}  // namespace
}  // namespace lxr::test
