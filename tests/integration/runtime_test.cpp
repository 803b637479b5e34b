// SPDX-License-Identifier: Apache-2.0
// lxr as an OCI runtime: its verbs on a bundle.
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstring>
#include <fstream>

#include "core/base/unique_fd.hpp"
#include "tests/integration/runtime_fixture.hpp"

namespace lxr::test {
namespace {

TEST_F(oci_runtime, a_container_goes_through_its_states_without_a_process_of_ours) {
  create({"sleep", "1000"});
  EXPECT_EQ(status(), "created");
  EXPECT_EQ(rt({"delete", "nobody"}).code, 1);
  EXPECT_NE(rt({"create", "--bundle", bundle_, "box"}).err.find("container with given ID already exists"),
            std::string::npos);
  must({"start", "box"});
  EXPECT_EQ(status(), "running");
  EXPECT_EQ(rt({"start", "box"}).code, 1);
  EXPECT_NE(rt({"delete", "box"}).err.find("container still running"), std::string::npos);
  must({"kill", "box", "KILL"});
  EXPECT_TRUE(eventually([&] { return status() == "stopped"; }));
  EXPECT_NE(rt({"kill", "box", "TERM"}).err.find("container not running"), std::string::npos);
  EXPECT_NE(rt({"exec", "box", "true"}).err.find("container not running"), std::string::npos);
  must({"delete", "box"});
  EXPECT_NE(rt({"state", "box"}).err.find("does not exist"), std::string::npos);
  must({"delete", "--force", "box"});
}

TEST_F(oci_runtime, what_was_created_and_never_started_is_deleted) {
  create({"sleep", "1000"});
  must({"delete", "box"});
}

TEST_F(oci_runtime, run_returns_the_exit_code_and_deletes) {
  EXPECT_EQ(sh("exit 7").code, 7);
  EXPECT_EQ(sh("hostname; cat /proc/self/cgroup | grep -c pids:/" + group_).out, "umoci-default\n1\n");
}

TEST_F(oci_runtime, exec_joins_and_returns_the_code) {
  create({"sleep", "1000"});
  must({"start", "box"});
  EXPECT_EQ(must({"exec", "--env", "A=b", "--cwd", "/etc", "box", "sh", "-c", "echo $A $(pwd) $(hostname)"}),
            "b /etc umoci-default\n");
  EXPECT_EQ(rt({"exec", "box", "sh", "-c", "exit 5"}).code, 5);
  const outcome missing = rt({"exec", "box", "nosuchprogram"});
  EXPECT_EQ(missing.code, 255);
  EXPECT_NE(missing.err.find("executable file not found in"), std::string::npos) << missing.err;
  file::replace_at(AT_FDCWD, dir_.path() + "/process.json",
                   R"({"args":["sh","-c","id -u; id -G"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":5,"gid":6,)"
                   R"("additionalGids":[7]}})");
  EXPECT_EQ(must({"exec", "--process", dir_.path() + "/process.json", "box"}), "5\n6 7\n");
  must({"exec", "--detach", "--pid-file", dir_.path() + "/pid", "box", "sleep", "500"});
  const std::string pid = file::read_at(AT_FDCWD, dir_.path() + "/pid").value();
  EXPECT_NE(must({"ps", "--format", "json", "box"}).find(pid), std::string::npos);
  must({"delete", "--force", "box"});
}

TEST_F(oci_runtime, pause_resume_update_and_events) {
  create({"sleep", "1000"});
  must({"start", "box"});
  must({"pause", "box"});
  EXPECT_EQ(status(), "paused");
  EXPECT_NE(rt({"exec", "box", "true"}).err.find("container paused"), std::string::npos);
  EXPECT_NE(rt({"pause", "box"}).err.find("container paused"), std::string::npos);
  must({"resume", "box"});
  EXPECT_NE(rt({"resume", "box"}).err.find("container not paused"), std::string::npos);
  must({"update", "--pids-limit", "17", "--memory", "67108864", "box"});
  const json::object event = json::parse_object(must({"events", "--stats", "box"}), "events");
  const json::object& data = event.at("data").as_object();
  EXPECT_EQ(json::get_int(data.at("pids").as_object(), "limit"), 17);
  EXPECT_EQ(json::get_int(data.at("memory").at("usage").as_object(), "limit"), 67108864);
  must({"pause", "box"});
  must({"delete", "--force", "box"});
}

// A container whose terminal goes to whoever listens on the console socket.
TEST_F(oci_runtime, the_terminal_goes_to_the_console_socket) {
  process()["terminal"] = true;
  const std::string path = dir_.path() + "/console";
  const unique_fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());  // NOLINT: it fits
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  set_args({"sh", "-c", "test -t 0 && echo terminal; sleep 1000"});
  EXPECT_EQ(rt({"create", "--bundle", bundle_, "box"}).code, 1);
  must({"create", "--bundle", bundle_, "--console-socket", path, "--pid-file", dir_.path() + "/pid", "box"});
  const unique_fd peer(::accept(listener.get(), nullptr, nullptr));
  char text[64];
  iovec vec{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message{};
  message.msg_iov = &vec;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ASSERT_GT(::recvmsg(peer.get(), &message, MSG_CMSG_CLOEXEC), 0);
  int master = -1;
  std::memcpy(&master, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof master);
  const unique_fd owned(master);
  must({"start", "box"});
  std::string said;
  while (said.find("terminal") == std::string::npos) {
    const ssize_t got = ::read(master, text, sizeof text);
    ASSERT_GT(got, 0);
    said.append(text, static_cast<std::size_t>(got));
  }
  must({"delete", "--force", "box"});
}

TEST_F(oci_runtime, errors_go_to_the_log_as_json) {
  const std::string log = dir_.path() + "/log";
  EXPECT_EQ(run_program({program_path("lxr"), "runtime", "--root", root_, "--log", log, "--log-format", "json", "state",
                         "nobody"})
                .code,
            1);
  const json::object line = json::parse_object(file::read_at(AT_FDCWD, log).value(), "log");
  EXPECT_EQ(json::get_string(line, "level"), "error");
  EXPECT_NE(json::get_string(line, "msg").find("does not exist"), std::string::npos);
}

TEST_F(oci_runtime, what_is_wrong_is_named_and_leaves_nothing) {
  const auto refused = [&](const std::string& word) {
    const outcome o = rt({"create", "--bundle", bundle_, "box"});
    EXPECT_EQ(o.code, 1);
    EXPECT_NE(o.err.find(word), std::string::npos) << o.err;
  };
  set_args({"true"});
  EXPECT_NE(rt({"create", "--bundle", bundle_, "../x"}).err.find("invalid container ID format"), std::string::npos);
  EXPECT_NE(rt({"create", "--bundle", "/nonexistent", "box"}).err.find("/nonexistent/config.json"), std::string::npos);
  config_["root"].as_object()["path"] = "missing";
  write();
  refused("missing");
  config_["root"].as_object()["path"] = "rootfs";
  process()["cwd"] = "relative";
  write();
  refused("process.cwd");
  process()["cwd"] = "/";
  linux_part()["cgroupsPath"] = "/../../escape";
  write();
  refused("linux.cgroupsPath");
  linux_part()["cgroupsPath"] = "/" + group_;
  set_args({"/no/such/program"});
  EXPECT_NE(rt({"run", "--bundle", bundle_, "box"}).err.find("no such file or directory"), std::string::npos);
}

TEST_F(oci_runtime, a_cgroup_that_is_not_its_own_is_left_alone) {
  create({"sleep", "1000"});
  const outcome second = rt({"create", "--bundle", bundle_, "other"});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("container's cgroup is not empty"), std::string::npos) << second.err;
  EXPECT_EQ(status(), "created");
  for (const char* root : {"/", "/a/..", "/.", "/../x"}) {
    linux_part()["cgroupsPath"] = root;
    write();
    const outcome o = rt({"create", "--bundle", bundle_, "other"});
    if (o.code == 0) must({"delete", "--force", "other"});
    EXPECT_EQ(o.code == 0, std::string(root) == "/") << root << o.err;
  }
  EXPECT_EQ(status(), "created");
  const std::string above = "/sys/fs/cgroup/pids/" + group_ + "-above";
  if (!fs::exists("/sys/fs/cgroup/cgroup.controllers")) {
    fs::create_directory(above);
    linux_part()["cgroupsPath"] = "/" + group_ + "-above/below";
    write();
    must({"create", "--bundle", bundle_, "third"});
    must({"delete", "third"});
    EXPECT_TRUE(fs::exists(above));
    for (const fs::directory_entry& tree : fs::directory_iterator("/sys/fs/cgroup"))
      ::rmdir((tree.path().string() + "/" + group_ + "-above").c_str());
  }
}

TEST_F(oci_runtime, a_directory_that_is_no_hierarchy_has_no_processes) {
  const std::string beside = "/sys/fs/cgroup/hugetlb/" + group_;
  std::error_code failed;
  if (fs::exists("/sys/fs/cgroup/hugetlb/cgroup.procs") || !fs::exists("/sys/fs/cgroup/memory"))
    GTEST_SKIP() << "no place beside the hierarchies of cgroup v1";
  fs::create_directories(beside, failed);  // as crun does where it misses one
  if (failed) GTEST_SKIP() << failed.message();
  std::ofstream(beside + "/cgroup.procs") << ::getpid() << "\n";
  EXPECT_EQ(sh("echo ran").out, "ran\n");
  fs::remove_all(beside);
}

// As a machine has them where an earlier runtime died.
TEST_F(oci_runtime, a_frozen_cgroup_that_is_empty_is_used) {
  for (const std::string tree : {"/sys/fs/cgroup/unified/", "/sys/fs/cgroup/freezer/", "/sys/fs/cgroup/"}) {
    if (!fs::exists(tree + "cgroup.procs")) continue;
    fs::create_directory(tree + group_);
    std::ofstream(tree + group_ + "/cgroup.freeze") << "1";
    std::ofstream(tree + group_ + "/freezer.state") << "FROZEN";
  }
  EXPECT_EQ(sh("echo thawed").out, "thawed\n");
}

TEST_F(oci_runtime, features_and_spec_are_documents) {
  const json::object features = json::parse_object(must({"features"}), "features");
  EXPECT_EQ(json::get_string(features, "ociVersionMax"), "1.3.0");
  const std::string other = dir_.path() + "/other";
  fs::create_directory(other);
  must({"spec", "--bundle", other});
  EXPECT_NE(rt({"spec", "--bundle", other}).err.find("file exists"), std::string::npos);
  fs::rename(bundle_ + "/rootfs", other + "/rootfs");
  json::object spec = json::parse_object(file::read_at(AT_FDCWD, other + "/config.json").value(), "spec");
  spec["process"].as_object()["terminal"] = false;
  spec["process"].as_object()["args"] = json::array{"id", "-u"};
  file::replace_at(AT_FDCWD, other + "/config.json", json::dump(spec));
  EXPECT_EQ(must({"run", "--bundle", other, "box"}), "0\n");
}

// Every pair of verbs a few milliseconds apart: whatever the order, the answers name causes, and delete --force cleans
// up.
TEST_F(oci_runtime, pairs_of_verbs_leave_a_true_state) {
  set_args({"sleep", "1000"});
  const std::string exec = "exec box true";
  const std::vector<std::string> verbs{"start box", "kill box KILL", "delete box", "delete --force box",        exec,
                                       "state box", "pause box",     "resume box", "update --pids-limit 40 box"};
  const std::string rt_line = program_path("lxr") + " runtime --root " + root_ + " ", said = dir_.path() + "/said";
  unsigned random = 1;
  for (const std::string& one : verbs) {
    for (const std::string& two : verbs) {
      for (const bool started : {false, true}) {
        must({"create", "--bundle", bundle_, "box"});
        if (started) must({"start", "box"});
        random = random * 1103515245 + 12345;
        // What exec starts in a container that is paused meanwhile goes on when that is resumed.
        run_program({"/bin/bash", "-c",
                     "exec < /dev/null > /dev/null 2> " + said + "; " + rt_line + one + " & one=$!; sleep 0.00" +
                         std::to_string(random >> 16 & 7) + "; " + rt_line + two + " & two=$!; " +
                         (one == exec ? "" : "wait $one; ") + (two == exec ? "" : "wait $two; ") + rt_line +
                         "resume box; wait"});
        const std::string text = file::read_at(AT_FDCWD, said).value();
        for (const char* word : {"terminate called", "No such", "cannot open", "cgroup.procs"})
          EXPECT_EQ(text.find(word), std::string::npos) << one << " beside " << two << ": " << text;
        must({"delete", "--force", "box"});
        ASSERT_FALSE(fs::exists(root_ + "/box")) << one << " beside " << two;
      }
    }
  }
}

// SIGKILL at any moment of create: what it has made can be deleted.
TEST_F(oci_runtime, a_create_that_is_killed_leaves_what_delete_removes) {
  set_args({"sleep", "1000"});
  for (int ms = 0; ms < 40; ++ms) {
    run_program({"/bin/bash", "-c",
                 program_path("lxr") + " runtime --root " + root_ + " create --bundle " + bundle_ +
                     " box < /dev/null > /dev/null 2>&1 & sleep 0.0" + (ms < 10 ? "0" : "") + std::to_string(ms) +
                     "; kill -9 $!; wait $! 2> /dev/null"});
    must({"delete", "--force", "box"});
    ASSERT_FALSE(fs::exists(root_ + "/box"));
    ASSERT_EQ(run_program({"/usr/bin/find", "/sys/fs/cgroup", "-name", group_ + "*"}).out, "") << ms << " ms";
  }
}

}  // namespace
}  // namespace lxr::test
