// SPDX-License-Identifier: Apache-2.0
// lxr as an OCI runtime: its verbs on bundles, and podman and containerd as its callers.
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "core/base/file.hpp"
#include "core/base/unique_fd.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

namespace fs = std::filesystem;

// A bundle that umoci makes of the small image, and an lxr runtime with a root of its own. Afterwards no cgroup and no
// directory of a container is left.
class oci_runtime : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_.path());
    ::chmod(dir_.path().c_str(), 0755);  // for who is root in a user namespace only
    const outcome made = run_program(
        {"/usr/bin/umoci", "unpack", "--image", std::string(LXR_BINARY_DIR) + "/fixture/small:small", bundle_}, {},
        {"PATH=/usr/bin:/bin"});
    ASSERT_EQ(made.code, 0) << made.err;
    ::chmod(bundle_.c_str(), 0755);
    config_ = json::parse_object(file::read_at(AT_FDCWD, bundle_ + "/config.json").value(), "config.json");
    config_["process"].as_object()["terminal"] = false;
    config_["linux"].as_object()["cgroupsPath"] = "/" + group_;
  }
  void TearDown() override {
    rt({"delete", "--force", "box"});
    EXPECT_TRUE(!fs::exists(root_) || fs::is_empty(root_));
    EXPECT_EQ(run_program({"/usr/bin/find", "/sys/fs/cgroup", "-name", group_ + "*"}).out, "");
  }

  json::object& process() { return config_["process"].as_object(); }
  json::object& linux_part() { return config_["linux"].as_object(); }
  void set_args(const std::vector<std::string>& args) {
    process()["args"] = json::from(args);
    write();
  }
  void write() { file::replace_at(AT_FDCWD, bundle_ + "/config.json", json::dump(config_)); }

  // Output goes to files: what is created keeps it open.
  outcome rt(std::vector<std::string> words) const {
    const std::string out = dir_.path() + "/out", err = dir_.path() + "/err";
    words.insert(words.begin(), {"/bin/sh", "-c", "exec \"$@\" > " + out + " 2> " + err + " < /dev/null", "sh",
                                 program_path("lxr"), "runtime", "--root", root_});
    outcome o = run_program(words);
    o.out = file::read_at(AT_FDCWD, out).value_or("");
    o.err = file::read_at(AT_FDCWD, err).value_or("");
    return o;
  }
  // Standard output of a verb that has to succeed.
  std::string must(const std::vector<std::string>& words) const {
    const outcome o = rt(words);
    EXPECT_EQ(o.code, 0) << words.front() << ": " << o.err;
    return o.out;
  }
  outcome run(const std::vector<std::string>& args) {
    set_args(args);
    return rt({"run", "--bundle", bundle_, "box"});
  }
  outcome sh(const std::string& line) { return run({"sh", "-c", line}); }
  void create(const std::vector<std::string>& args) {
    set_args(args);
    must({"create", "--bundle", bundle_, "box"});
  }
  std::string status() const { return json::get_string(json::parse_object(must({"state", "box"}), "state"), "status"); }
  void add_namespace(const char* kind, const std::string& path = {}) {
    json::object n{{"type", kind}};
    if (!path.empty()) n["path"] = path;
    json::array kept;
    for (const json::value& v : linux_part()["namespaces"].as_array()) {
      if (v.as_object().at("type") != kind) kept.push_back(v);
    }
    kept.push_back(n);
    linux_part()["namespaces"] = kept;
  }
  void add_hook(const char* kind, const std::string& script, int timeout = 0) {
    json::object hook{{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}, {"env", {"PATH=/usr/bin:/bin"}}};
    if (timeout != 0) hook["timeout"] = timeout;
    if (!config_.contains("hooks")) config_["hooks"] = json::object();
    json::object& hooks = config_["hooks"].as_object();
    if (!hooks.contains(kind)) hooks[kind] = json::array();
    hooks[kind].as_array().push_back(hook);
  }

  temp_directory dir_;
  std::string bundle_ = dir_.path() + "/bundle", root_ = dir_.path() + "/root",
              group_ = "lxr-runtime-test" + std::to_string(::getpid());
  json::object config_;
};

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

TEST_F(oci_runtime, hooks_run_in_their_order_places_and_states) {
  const std::string out = dir_.path() + "/hooks";
  const auto says = [&](const std::string& kind) { return "echo " + kind + " $(jq -r .status) $(hostname) >> " + out; };
  for (const char* kind : {"prestart", "createRuntime", "createContainer", "poststart", "poststop"})
    add_hook(kind, says(kind));
  add_hook("startContainer", "cat > /of-start; hostname >> /of-start");
  EXPECT_EQ(sh("grep -o '\"status\":\"[a-z]*\"' /of-start; tail -c 14 /of-start").out,
            "\"status\":\"created\"\numoci-default\n");
  char host[65] = {};
  ::gethostname(host, sizeof host - 1);
  const std::string name = host;
  EXPECT_EQ(file::read_at(AT_FDCWD, out).value(), "prestart creating " + name + "\ncreateRuntime creating " + name +
                                                      "\ncreateContainer creating umoci-default\npoststart running " +
                                                      name + "\npoststop stopped " + name + "\n");
}

TEST_F(oci_runtime, a_hook_that_fails_or_hangs_fails_the_container_and_leaves_nothing) {
  add_hook("createRuntime", "echo sorry >&2; exit 3");
  outcome o = sh("true");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("exit status 3: sorry"), std::string::npos) << o.err;
  config_.erase("hooks");
  add_hook("createContainer", "sleep 1000", 1);
  o = sh("true");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("createContainer hook"), std::string::npos) << o.err;
  config_.erase("hooks");
  add_hook("startContainer", "exit 1");
  EXPECT_EQ(sh("true").code, 1);
}

TEST_F(oci_runtime, a_user_namespace_maps_ids_and_leaves_the_hosts_devices_alone) {
  add_namespace("user");
  for (const char* key : {"uidMappings", "gidMappings"})
    linux_part()[key] = json::array{json::object{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
  const outcome o = sh("id -u; tr -s ' ' < /proc/self/uid_map; echo x > /dev/null && echo written; hostname");
  EXPECT_EQ(o.out, "0\n 0 100000 65536\nwritten\numoci-default\n") << o.err;
  struct stat st{};
  ::stat("/dev/null", &st);
  EXPECT_EQ(st.st_uid, 0u);
  linux_part()["uidMappings"] = json::array{json::object{{"containerID", 0}, {"hostID", 1}, {"size", 5}},
                                            json::object{{"containerID", 2}, {"hostID", 9}, {"size", 5}}};
  EXPECT_EQ(sh("true").code, 1);
}

TEST_F(oci_runtime, namespaces_are_joined_by_path) {
  const test::process other({"/usr/bin/unshare", "--net", "--pid", "--fork", "--kill-child", "/bin/sh", "-c",
                             "ip link add br7 type bridge; exec sleep 1000"},
                            {"PATH=/usr/sbin:/usr/bin:/bin"});
  ASSERT_TRUE(eventually([&] {
    const pid_t inner = child_of(other.pid());
    return inner != 0 &&
           run_program({"/usr/bin/nsenter", "-t", std::to_string(inner), "-n", "ip", "link", "show", "br7"}).code == 0;
  }));
  const std::string ns = "/proc/" + std::to_string(child_of(other.pid())) + "/ns/";
  add_namespace("network", ns + "net");
  EXPECT_EQ(sh("ls /sys/class/net | tr '\\n' ' '").out, "br7 lo ");
  add_namespace("pid", ns + "pid");
  EXPECT_EQ(sh("ps -o args | grep -cx 'sleep 1000'").out, "1\n");
  add_namespace("network", ns + "uts");
  EXPECT_NE(sh("true").err.find("it is no namespace of kind network"), std::string::npos);
  add_namespace("network", "/nonexistent");
  EXPECT_NE(sh("true").err.find("/nonexistent"), std::string::npos);
}

TEST_F(oci_runtime, a_time_namespace_has_its_offsets) {
  add_namespace("time");
  linux_part()["timeOffsets"] = json::object{{"boottime", {{"secs", 100000000}}}};
  EXPECT_GT(std::stod(sh("cat /proc/uptime").out), 1e8);
}

TEST_F(oci_runtime, devices_are_made_and_ruled) {
  linux_part()["devices"] = json::array{
      json::object{{"type", "c"}, {"path", "/dev/fuse"}, {"major", 10}, {"minor", 229}, {"fileMode", 438}, {"uid", 5}},
      json::object{{"type", "p"}, {"path", "/made/for/this"}}};
  EXPECT_EQ(sh("stat -c '%F %u %t:%T' /dev/fuse; stat -c %F /made/for/this; head -c 3 /dev/zero | wc -c; head -c 1 "
               "/dev/fuse 2>&1 | grep -o 'not permitted'")
                .out,
            "character special file 5 a:e5\nfifo\n3\nnot permitted\n");
  struct stat st{};
  EXPECT_NE(::stat((bundle_ + "/rootfs/dev/fuse").c_str(), &st), 0);
}

TEST_F(oci_runtime, a_seccomp_profile_of_the_spec_is_the_one_that_holds) {
  linux_part()["seccomp"] = json::object{
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls",
       json::array{json::object{
           {"names", {"mkdir", "mkdirat", "nosuchcall"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 28}}}}};
  EXPECT_NE(sh("mkdir /x").err.find("No space left"), std::string::npos);
  linux_part()["seccomp"].as_object()["defaultAction"] = "SCMP_ACT_NONSENSE";
  EXPECT_NE(sh("true").err.find("SCMP_ACT_NONSENSE"), std::string::npos);
}

TEST_F(oci_runtime, a_personality_and_a_keyring_of_its_own) {
  linux_part()["personality"] = json::object{{"domain", "LINUX32"}};
  EXPECT_EQ(sh("uname -m").out, "i686\n");
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

// The mounts of a container belong to it alone, also where the bundle lies on a shared mount, as systemd makes all.
TEST_F(oci_runtime, nothing_of_its_mounts_shows_on_the_host) {
  set_args({"sh", "-c", "grep -c shared: /proc/self/mountinfo"});
  const outcome o = run_program({"/usr/bin/unshare", "-m", "--propagation", "shared", "/bin/bash", "-c",
                                 "grep -c . /proc/self/mountinfo > " + dir_.path() + "/before; " + program_path("lxr") +
                                     " runtime --root " + root_ + " run --bundle " + bundle_ +
                                     " box; echo $?; grep -c . /proc/self/mountinfo > " + dir_.path() + "/after"},
                                {}, {"PATH=/usr/bin:/bin"});
  EXPECT_EQ(o.out, "0\n1\n") << o.err;  // grep found none
  EXPECT_EQ(file::read_at(AT_FDCWD, dir_.path() + "/before"), file::read_at(AT_FDCWD, dir_.path() + "/after"));
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

TEST_F(oci_runtime, streams_belong_to_its_user) {
  process()["user"] = json::object{{"uid", 5}, {"gid", 5}};
  set_args({"sh", "-c", "echo written > /dev/stdout"});
  EXPECT_EQ(run_program({program_path("lxr"), "runtime", "--root", root_, "run", "--bundle", bundle_, "box"}).out,
            "written\n");
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

}  // namespace
}  // namespace lxr::test
