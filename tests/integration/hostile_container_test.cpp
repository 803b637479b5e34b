// SPDX-License-Identifier: Apache-2.0
// What a container, or an image, may try against lxr, the host and other containers (issue 11; security cases 61 to
// 69).
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class hostile_container : public installation {
 protected:
  void SetUp() override { must({"pull", "-q", small_}); }

  // A script with `$l`, lxr with its state on a small tmpfs of its own, and `fill`, which takes all that is free there
  // as $full.
  outcome with_state_of(const std::string& size, const std::string& script) {
    const std::string disk = dir_.path() + "/small";
    file::make_directories(disk);
    return shell("unshare -m bash -c 'mount -t tmpfs -o size=" + size + " tmpfs " + disk + "; l=\"$lxr --state " +
                 disk + "\"; full=" + disk + "/full; fill() { dd if=/dev/zero of=$full bs=4k 2> /dev/null; }; " +
                 script + "'");
  }
};

// 1.5 and case 62: the files of /etc are the container's, not the state filesystem's.
TEST_F(hostile_container, cannot_fill_the_state_filesystem_by_its_etc_files) {
  const std::string disk = dir_.path() + "/state4m", data = dir_.path() + "/data";
  file::make_directories(disk);
  file::make_directories(data);
  const outcome o =
      shell("unshare -m bash -c 'mount -t tmpfs -o size=4m tmpfs " + disk + "; mount -t tmpfs -o size=64m tmpfs " +
            data + "; l=\"$lxr --root " + data + "/root --state " + disk +
            "\"; $l pull -q $image > /dev/null; $l run -d --name quiet --network none $image sh -c \"sleep 3; exit 7\" "
            "> /dev/null; "
            "for f in hosts hostname resolv.conf; do timeout 60 $l run --rm --network none $image sh -c \"cat "
            "/dev/zero > /etc/$f\" 2>&1 | grep -c \"No space\"; done; "
            "$l run --rm --network none $image echo starts; until [ \"$($l ps -q)\" = \"\" ]; do :; done; $l inspect "
            "quiet | grep \\\"ExitCode\\\"; $l rm -f quiet > /dev/null'");
  EXPECT_EQ(o.out, "1\n1\n1\nstarts\n            \"ExitCode\": 7,\n") << o.err;
}

TEST_F(hostile_container, has_no_use_for_its_etc_files_but_as_files) {
  const outcome o = lxr({"run", "--rm", "--network", "none", small_, "sh", "-c",
                         "for f in hosts hostname resolv.conf; do grep \" /etc/$f \" /proc/self/mountinfo | cut -d' ' "
                         "-f6; cp /bin/busybox /etc/$f; chmod 4755 /etc/$f; /etc/$f true || echo refused; done"});
  std::string wanted;
  for (int i = 0; i < 3; ++i) wanted += "rw,nosuid,nodev,noexec,relatime\nrefused\n";
  EXPECT_EQ(o.out, wanted) << o.err;
  const outcome read_only = lxr({"run", "--rm", "--read-only", "--network", "none", small_, "sh", "-c",
                                 "for f in hosts hostname resolv.conf; do echo x > /etc/$f || echo refused; done"});
  EXPECT_EQ(read_only.out, "refused\nrefused\nrefused\n") << read_only.err;
}

// 1.5: a state filesystem that is full for another reason loses no exit code.
TEST_F(hostile_container, exit_codes_survive_a_full_state_filesystem) {
  const outcome o =
      with_state_of("1m",
                    "$l run -d --name box --network none $image sh -c \"sleep 1; exit 5\" > /dev/null; fill; "
                    "until [ \"$($l ps -q)\" = \"\" ]; do :; done; $l inspect box | grep \\\"ExitCode\\\"; rm $full; "
                    "$l rm box > /dev/null");
  EXPECT_EQ(o.out, "            \"ExitCode\": 5,\n") << o.err;
}

// 1.2: fsync reaches the disk where the container is kept, and only there.
TEST_F(hostile_container, only_what_is_thrown_away_is_volatile) {
  const auto options = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "run");
    words.insert(words.end(),
                 {"--network", "none", small_, "sh", "-c", "grep ' / / ' /proc/self/mountinfo | grep -c volatile"});
    return lxr(words).out;
  };
  EXPECT_EQ(options({}), "0\n");
  EXPECT_EQ(options({"--rm"}), "1\n");
  EXPECT_EQ(options({"--volatile"}), "1\n");
}

// 1.11
TEST_F(hostile_container, a_created_container_outlives_its_monitor) {
  must({"create", "--name", "box", "--network", "none", small_, "sh", "-c", "echo here; sleep 1000"});
  const json::object state = *json::find_object(inspect("box"), "State");
  ASSERT_EQ(::kill(static_cast<pid_t>(json::get_int(state, "MonitorPid")), SIGKILL), 0);
  EXPECT_TRUE(
      eventually([&] { return json::get_int(*json::find_object(inspect("box"), "State"), "MonitorPid") == 0; }));
  EXPECT_EQ(json::get_int(*json::find_object(inspect("box"), "State"), "Pid"), json::get_int(state, "Pid"));
  must({"start", "box"});
  EXPECT_EQ(status_of("box"), "running");
}

// 1.12: one stuck holder of one container's lock.
TEST_F(hostile_container, a_lock_that_is_held_for_ever_stops_no_other_container_of_the_monitor) {
  must({"batch", "-q", "-n", "2", "--name", "w", "--network", "none", small_, "sh", "-c",
        "until [ -e /go ]; do sleep 0.02; done; echo gone on"});
  const std::string id = json::get_string(inspect("w-1"), "Id");
  const unique_fd lock = file::open_at(AT_FDCWD, state_ + "/containers/" + id + "/lock", O_RDWR);
  lxr({"exec", "w-1", "touch", "/go"});  // its code is 137 where the container ends before touch does
  ASSERT_EQ(::flock(lock.get(), LOCK_EX), 0);
  lxr({"exec", "w-2", "touch", "/go"});
  EXPECT_TRUE(eventually([&] { return lxr({"logs", "w-2"}).out == "gone on\n"; }));
  EXPECT_TRUE(eventually([&] { return status_of("w-2") == "exited"; }));
  ASSERT_EQ(::flock(lock.get(), LOCK_UN), 0);
  EXPECT_TRUE(eventually([&] { return status_of("w-1") == "exited"; }));
}

// 1.20: a tracer of the first process keeps it unreaped for a while.
TEST_F(hostile_container, a_traced_first_process_loses_no_exit_code) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const auto pid = static_cast<pid_t>(json::get_int(*json::find_object(inspect("box"), "State"), "Pid"));
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr), 0);
  process killing(command({"kill", "box"}), environment());
  const unique_fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd dead{pidfd.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&dead, 1, 10'000), 1);
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, __WALL), pid);  // now its parent may reap it
  EXPECT_EQ(killing.wait(), 0);
  EXPECT_EQ(json::get_int(*json::find_object(inspect("box"), "State"), "ExitCode"), 137);
}

// 1.20 and 3.13
TEST_F(hostile_container, a_child_killed_for_memory_is_told) {
  EXPECT_EQ(
      lxr({"run", "--name", "box", "--network", "none", "-m", "32m", small_, "sh", "-c", "tail /dev/zero; exit 3"})
          .code,
      3);
  const json::object state = *json::find_object(inspect("box"), "State");
  EXPECT_TRUE(json::get_bool(state, "OOMKilled"));
  EXPECT_EQ(json::get_int(state, "ExitCode"), 3);
}

// 3.5: removal does not depend on what can be read.
TEST_F(hostile_container, one_with_damaged_records_can_be_removed) {
  for (const char* damaged : {"config.json", "state.json"}) {
    const std::string id =
        must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"}).substr(0, 64);
    const std::string directory = (std::string(damaged) == "config.json" ? root_ : state_) + "/containers/" + id + "/";
    file::replace_at(AT_FDCWD, directory + damaged, "{\"status\": 5, \"id\": \xff");
    lxr({"ps", "-a"});
    must({"system", "df"});
    must({"images"});
    must({"rm", "-f", "box"});
    EXPECT_EQ(must({"ps", "-aq"}), "");
  }
}

// 1.5: nothing is started that cannot be recorded, and nothing is lost for want of room.
TEST_F(hostile_container, a_start_that_cannot_be_recorded_does_not_happen) {
  const outcome o =
      with_state_of("1m",
                    "$l create --name box --network none $image sh -c \"echo ran; sleep 1000\" > /dev/null; fill; "
                    "$l start box 2>&1 | grep -c \"No space\"; $l logs box; rm $full; $l start box; until [ \"$($l "
                    "logs box)\" = ran ]; do :; done; "
                    "$l kill box; $l rm box");
  EXPECT_EQ(o.out, "1\nbox\nbox\nbox\n") << o.err;
}

TEST_F(hostile_container, a_state_filesystem_without_a_page_left_is_an_error_and_no_signal) {
  const outcome o =
      with_state_of("300k",
                    "$l ps > /dev/null; for keep in 0 1 2 3 4 5 6; do fill; truncate -s -$((keep * 4096)) $full; "
                    "$l run --rm $image true 2>&1; rm $full; done; $l rm -f $($l ps -aq) 2> /dev/null");
  EXPECT_EQ(o.out.find("Bus error"), std::string::npos) << o.out;
  EXPECT_EQ(o.out.find("was killed"), std::string::npos) << o.out;
}

}  // namespace
}  // namespace lxr::test
