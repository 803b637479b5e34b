// SPDX-License-Identifier: Apache-2.0
// The caller's surroundings must not leak in, nor be kept (issue 11, section 1).
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class surroundings : public installation {
 protected:
  void SetUp() override { must({"pull", "-q", small_}); }
  pid_t monitor_of(const std::string& name) {
    return static_cast<pid_t>(json::get_int(*json::find_object(inspect(name), "State"), "MonitorPid"));
  }
};

// 1.7 and security case 63
TEST_F(surroundings, a_monitor_keeps_neither_arguments_nor_directory_nor_descriptors) {
  const std::string lock = dir_.path() + "/lock", place = dir_.path() + "/place";
  file::make_directories(place);
  const outcome o = shell("cd " + place + " && flock -n " + lock +
                          " $lxr run -d --name box --network none -e DB_PASSWORD=hunter2 $image sleep 1000");
  ASSERT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(run_program({"/bin/bash", "-c", "grep -l hunter[2] /proc/[0-9]*/cmdline 2> /dev/null"}).out, "");
  const std::string proc = "/proc/" + std::to_string(monitor_of("box"));
  EXPECT_EQ(std::filesystem::read_symlink(proc + "/cwd"), "/");
  const unique_fd file(::open(lock.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(::flock(file.get(), LOCK_EX | LOCK_NB), 0);  // it ended with its caller
}

// 1.15
TEST_F(surroundings, the_callers_umask_changes_nothing) {
  const outcome o = shell(
      "umask 077; $lxr run --rm --network none -u app $image sh -c 'cat /etc/resolv.conf /etc/hosts /etc/hostname > "
      "/dev/null && umask && stat -c %a /etc/hosts /'");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "0022\n644\n755\n");
}

// 1.6: executable memory files forbidden, as some distributions do.
TEST_F(surroundings, memfd_noexec_is_no_obstacle) {
  for (const char* level : {"1", "2"}) {
    const outcome o =
        shell(std::string("unshare --pid --fork --mount-proc bash -c 'echo ") + level +
              " > /proc/sys/vm/memfd_noexec || exit 9; $lxr run --rm --network none $image echo started'");
    if (o.code == 9) GTEST_SKIP() << "this kernel has no vm.memfd_noexec";
    EXPECT_EQ(o.out, "started\n") << level << o.err;
  }
  must({"system", "prune", "-f"});  // the engine died with its pid namespace, before it had emptied the trash
}

// 1.16
TEST_F(surroundings, the_umask_is_022_or_what_the_user_says_and_not_the_callers) {
  const outcome o = shell(
      "umask 077; $lxr run --rm --network none $image sh -c umask; $lxr run -d --name box --umask 027 --network none "
      "$image sleep 1000 > /dev/null; "
      "$lxr exec -u 1000 box sh -c umask; $lxr run --rm --umask 8 $image true");
  EXPECT_EQ(o.out, "0022\n0027\n") << o.err;
  EXPECT_NE(o.err.find("--umask \"8\""), std::string::npos) << o.err;
}

TEST_F(surroundings, a_container_does_not_have_the_callers_oom_score) {
  const outcome o = shell(
      "echo 300 > /proc/self/oom_score_adj; $lxr run --rm --network none --oom-score-adj 500 $image cat "
      "/proc/self/oom_score_adj; "
      "$lxr run -d --name box --network none --oom-score-adj 400 $image sleep 1000 > /dev/null; $lxr exec box cat "
      "/proc/self/oom_score_adj");
  EXPECT_EQ(o.out, "500\n400\n") << o.err;
}

// 1.13
TEST_F(surroundings, output_that_cannot_be_written_is_a_failure) {
  const outcome o = shell("$lxr run --rm --network none $image echo hi > /dev/full");
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("No space left on device"), std::string::npos) << o.err;
}

// 3.15
TEST_F(surroundings, an_attached_container_that_is_thrown_away_ends_with_its_reader) {
  EXPECT_EQ(shell("$lxr run --rm --stop-timeout 0 --network none $image yes | head -n 1").out, "y\n");
  EXPECT_TRUE(eventually([&] { return must({"ps", "-aq"}).empty(); }));
}

// 3.10
TEST_F(surroundings, standard_input_of_an_interactive_container_stays_open_in_the_background) {
  must({"run", "-d", "-i", "--name", "box", "--network", "none", small_, "cat"});
  must({"create", "-i", "--name", "other", "--network", "none", small_, "cat"});
  must({"start", "other"});
  EXPECT_EQ(lxr({"exec", "box", "true"}).code, 0);
  EXPECT_EQ(lxr({"exec", "other", "true"}).code, 0);
  must({"run", "-d", "--name", "plain", "--network", "none", small_, "cat"});
  EXPECT_TRUE(eventually([&] { return status_of("plain") == "exited"; }));
}

// 3.13
TEST_F(surroundings, exec_makes_no_directories) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const outcome o = lxr({"exec", "-w", "/typo", "box", "true"});
  EXPECT_EQ(o.code, 127);
  EXPECT_NE(o.err.find("/typo"), std::string::npos) << o.err;
  EXPECT_NE(lxr({"exec", "box", "test", "-e", "/typo"}).code, 0);
}

// 1.20: what has a name on the host is not handed into a container.
TEST_F(surroundings, a_named_pipe_is_not_handed_in) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const outcome o = shell("mkfifo -m 600 " + dir_.path() + "/fifo; cat " + dir_.path() +
                          "/fifo & $lxr exec box sh -c 'chmod 777 /proc/self/fd/1; echo out' > " + dir_.path() +
                          "/fifo; wait; stat -c %a " + dir_.path() + "/fifo");
  EXPECT_EQ(o.out, "out\n600\n") << o.err;
}

// 1.8: on v1 and hybrid hosts a program that sizes itself by its cgroup sees its limits.
TEST_F(surroundings, limits_are_seen_from_inside) {
  const outcome o = lxr({"run", "--rm", "--network", "none", "-m", "64m", small_, "sh", "-c",
                         "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2> /dev/null; "
                         "for f in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do echo 1 > "
                         "$f && echo written; done 2> /dev/null"});
  EXPECT_EQ(o.out, "67108864\n") << o.err;
}

// 1.14 and 3.5
TEST_F(surroundings, any_bytes_in_words_and_labels_are_kept_and_can_be_removed) {
  const std::string odd = "\xff\xc3";
  must({"run", "-d", "--name", "box", "--network", "none", "-e", "ODD=" + odd, "-l", "k=" + odd, small_, "sh", "-c",
        ": " + odd + "; exec sleep 1000"});
  EXPECT_EQ(lxr({"exec", "box", "sh", "-c", "printf %s \"$ODD\""}).out, odd);
  EXPECT_NE(must({"ps"}).find("box"), std::string::npos);
  EXPECT_NO_THROW(inspect("box"));
  must({"system", "df"});
  must({"stop", "-t", "0", "box"});
  must({"system", "prune", "-f"});
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

// The engine closes what it inherited, but not what its own command opened.
TEST_F(surroundings, the_id_is_written_where_it_was_asked_for) {
  const outcome o = shell("mkdir " + dir_.path() + "/here && cd " + dir_.path() +
                          "/here && $lxr run -d --name box --cidfile id --network none $image sleep 1000 > out && cmp "
                          "-n 64 id out && echo same");
  EXPECT_EQ(o.out, "same\n") << o.err;
}

// 3.9 and 3.15: signals are heard while nobody takes the output.
TEST_F(surroundings, a_client_whose_output_is_not_read_can_be_ended) {
  int unread[2];
  ASSERT_EQ(::pipe2(unread, O_CLOEXEC), 0);
  const std::string log = dir_.path() + "/code";
  process running(
      {"/bin/bash", "-c",
       program_path("lxr") + " run --rm --stop-timeout 0 --name box --network none " + small_ + " yes > /proc/" +
           std::to_string(::getpid()) + "/fd/" + std::to_string(unread[1]) + " & echo $! > " + log + "; wait $!"},
      environment());
  EXPECT_TRUE(eventually([&] { return lxr({"inspect", "box"}).code == 0 && status_of("box") == "running"; }));
  const pid_t client = std::stoi(file::read_at(AT_FDCWD, log).value());
  EXPECT_TRUE(eventually([&] {
    ::kill(client, SIGINT);
    return ::kill(client, 0) != 0 || lxr({"inspect", "box"}).code != 0;
  }));
  EXPECT_TRUE(eventually([&] { return must({"ps", "-aq"}).empty(); }));
  for (const int fd : unread) ::close(fd);
}

// setns(2) leads to the root of a mount namespace, and in a chroot that is not the container's.
TEST_F(surroundings, exec_of_an_lxr_in_a_chroot_sees_the_containers_root) {
  const std::string place = dir_.path() + "/place";
  file::make_directories(place);
  const outcome o =
      shell("unshare -m bash -c 'mount --make-rprivate / && mount --rbind / " + place + " && chroot " + place +
            " bash -c \"$lxr run -d --name box --network none $image sleep 1000 > /dev/null && "
            "$lxr exec box sh -c \\\"ls /etc/debian_version; ls /bin/busybox\\\"; $lxr rm -f box > "
            "/dev/null\"'");
  EXPECT_EQ(o.out, "/bin/busybox\n") << o.err;
}

// Section 4: what lies in /dev/shm is judged only where its state directory can be seen.
TEST_F(surroundings, memory_of_a_state_that_another_mount_namespace_cannot_see_is_kept) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const outcome o = shell("unshare -m bash -c 'mount -t tmpfs none " + dir_.path() + "; $lxr --root " + dir_.path() +
                          "/r --state /var/tmp/lxr-test-$$ ps > /dev/null; rm -rf /var/tmp/lxr-test-$$'");
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(status_of("box"), "running");
}

}  // namespace
}  // namespace lxr::test
