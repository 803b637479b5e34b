// SPDX-License-Identifier: Apache-2.0
// lxr as an OCI runtime: what the fields of a config.json do.
#include "tests/integration/runtime_fixture.hpp"

namespace lxr::test {
namespace {

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

// The program of such a hook is what the container's root has at its path: it gets no more rights than the process.
TEST_F(oci_runtime, a_hook_of_the_container_has_the_rights_of_its_process) {
  process()["user"] = json::object{{"uid", 7}, {"gid", 8}, {"umask", 027}};
  process()["noNewPrivileges"] = true;
  process()["capabilities"] = json::object{{"bounding", {"CAP_KILL"}}};
  linux_part()["seccomp"] = json::parse(R"({"defaultAction":"SCMP_ACT_ALLOW"})", "profile");
  const std::string out = bundle_ + "/rootfs/seen";
  fs::create_directory(out);
  ::chmod(out.c_str(), 0777);
  json::object hook{
      {"path", "/bin/sh"},
      {"args",
       {"sh", "-c",
        "grep -E '^(Uid|CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status | tr -s '\\t' ' ' > /seen/status;"
        "grep -c " +
            group_ + " /proc/self/cgroup > /seen/groups; pwd > /seen/directory"}}};
  config_["hooks"] = json::object{{"startContainer", json::array{hook}}};
  ASSERT_EQ(sh("true").code, 0);
  EXPECT_EQ(file::read_at(AT_FDCWD, out + "/status").value_or(""),
            "Uid: 7 7 7 7\nCapEff: 0000000000000000\nCapBnd: 0000000000000020\nNoNewPrivs: 1\nSeccomp: 2\n");
  EXPECT_NE(file::read_at(AT_FDCWD, out + "/groups").value_or("0\n"), "0\n");
  EXPECT_EQ(file::read_at(AT_FDCWD, out + "/directory").value_or(""), "/\n");
}

TEST_F(oci_runtime, hooks_of_the_host_run_in_the_bundle_with_a_usual_umask) {
  const std::string out = dir_.path() + "/places";
  for (const char* kind : {"prestart", "createRuntime", "createContainer", "poststart", "poststop"})
    add_hook(kind, "echo $(umask) $(pwd) >> " + out);
  ASSERT_EQ(sh("true").code, 0);
  std::string expected;
  for (int i = 0; i < 5; ++i) expected += "0022 " + fs::canonical(bundle_).string() + "\n";
  EXPECT_EQ(file::read_at(AT_FDCWD, out).value_or(""), expected);
}

// What dockerd and containerd leave to the runtime, and what podman and "runc spec" ask for.
TEST_F(oci_runtime, specs_of_others_run_as_with_other_runtimes) {
  process()["env"] = json::array{"PATH=/bin"};
  process()["capabilities"] = json::object{
      {"bounding", {"CAP_KILL"}}, {"permitted", {"CAP_KILL"}}, {"effective", {"CAP_KILL"}}, {"ambient", {"CAP_KILL"}}};
  config_["mounts"].as_array().push_back(json::object{
      {"destination", "/etc"}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", {"tmpcopyup", "rw", "nosuid"}}});
  config_["root"].as_object()["readonly"] = true;
  const std::string file = dir_.path() + "/file";
  file::replace_at(AT_FDCWD, file, "");
  config_["mounts"].as_array().push_back(
      json::object{{"destination", "/run-new"}, {"type", "bind"}, {"source", file}, {"options", {"bind"}}});
  const outcome o =
      sh("echo $HOME; head -1 /etc/group; touch /etc/new && echo written; grep ' /etc ' /proc/mounts | cut -d' ' -f1");
  EXPECT_EQ(o.out, "/root\nroot:x:0:\nwritten\ntmpfs\n") << o.err;
  EXPECT_FALSE(fs::exists(bundle_ + "/rootfs/etc/new"));
  config_["mounts"].as_array().push_back(
      json::object{{"destination", "/dev/fresh"}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", {"tmpcopyup"}}});
  add_namespace("user");
  for (const char* key : {"uidMappings", "gidMappings"})
    linux_part()[key] = json::array{json::object{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
  EXPECT_EQ(sh("stat -c '%u:%g %a' /dev/fresh").out, "0:0 1777\n");
}

// sd_listen_fds(3) behind those that --preserve-fds names.
TEST_F(oci_runtime, descriptors_of_the_caller_are_preserved) {
  const auto shell = [this](const std::string& line) {
    return run_program(
        {"/bin/bash", "-c", "rt='" + program_path("lxr") + " runtime --root " + root_ + "'; exec 2>&1; " + line});
  };
  file::replace_at(AT_FDCWD, dir_.path() + "/text", "handed\n");
  const std::string opened = " 3<" + dir_.path() + "/text 4</dev/null", bundle = " --bundle " + bundle_ + " box";
  set_args({"sh", "-c", "cat <&3; ls /proc/self/fd | tr '\\n' ' '; echo $LISTEN_FDS,$LISTEN_PID"});
  EXPECT_EQ(shell("$rt run --preserve-fds 2" + bundle + opened).out, "handed\n0 1 2 3 4 5 ,\n");
  EXPECT_EQ(shell("LISTEN_FDS=1 $rt run --preserve-fds 1" + bundle + opened).out, "handed\n0 1 2 3 4 5 1,1\n");
  EXPECT_NE(shell("$rt run --preserve-fds 3" + bundle + opened).out.find("descriptor 5"), std::string::npos);
  create({"sleep", "1000"});
  must({"start", "box"});
  EXPECT_EQ(
      shell("$rt exec --preserve-fds 1 box sh -c 'cat <&3; ls /proc/self/fd | wc -l' 3<" + dir_.path() + "/text").out,
      "handed\n5\n");
}

TEST_F(oci_runtime, a_missing_program_fails_at_create) {
  set_args({"/no/such/program"});
  outcome o = rt({"create", "--bundle", bundle_, "box"});
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("no such file or directory"), std::string::npos) << o.err;
  set_args({"nosuchprogram"});
  o = rt({"create", "--bundle", bundle_, "box"});
  EXPECT_NE(o.err.find("executable file not found in $PATH"), std::string::npos) << o.err;
  EXPECT_EQ(rt({"state", "box"}).code, 1);
}

TEST_F(oci_runtime, a_hook_that_fails_or_hangs_fails_the_container_and_leaves_nothing) {
  add_hook("createRuntime", "echo sorry >&2; exit 3");
  outcome o = sh("true");
  EXPECT_EQ(o.code, 1);
  EXPECT_NE(o.err.find("exit status 3: sorry"), std::string::npos) << o.err;
  add_hook("poststop", "grep -o '\"status\":\"[a-z]*' > " + dir_.path() + "/after");
  EXPECT_EQ(sh("true").code, 1);
  EXPECT_EQ(file::read_at(AT_FDCWD, dir_.path() + "/after").value_or(""), "\"status\":\"stopped\n");
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
  struct stat before{}, st{};
  ::stat("/dev/null", &before);
  add_namespace("user");
  for (const char* key : {"uidMappings", "gidMappings"})
    linux_part()[key] = json::array{json::object{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
  const outcome o = sh("id -u; tr -s ' ' < /proc/self/uid_map; echo x > /dev/null && echo written; hostname");
  EXPECT_EQ(o.out, "0\n 0 100000 65536\nwritten\numoci-default\n") << o.err;
  create({"sleep", "1000"});
  must({"start", "box"});
  EXPECT_EQ(must({"exec", "box", "sh", "-c", "id -u; grep -c CapEff.*[1-9a-f] /proc/self/status"}), "0\n1\n");
  must({"delete", "--force", "box"});
  add_hook("createContainer", "id -u > " + dir_.path() + "/seen");
  fs::permissions(dir_.path(), fs::perms::all);
  EXPECT_EQ(sh("true").code, 0);
  EXPECT_EQ(file::read_at(AT_FDCWD, dir_.path() + "/seen").value_or(""), "0\n");
  config_.erase("hooks");
  ::stat("/dev/null", &st);
  EXPECT_EQ(st.st_uid, before.st_uid);
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
  add_hook("createContainer",
           "ls /sys/class/net > " + dir_.path() + "/seen; readlink /proc/self/ns/pid >> " + dir_.path() + "/seen");
  EXPECT_EQ(sh("true").code, 0);
  EXPECT_NE(file::read_at(AT_FDCWD, dir_.path() + "/seen").value().find("pid:["), std::string::npos);
  add_namespace("network", ns + "uts");
  EXPECT_NE(sh("true").err.find("it is no namespace of kind network"), std::string::npos);
  add_namespace("network", "/nonexistent");
  EXPECT_NE(sh("true").err.find("/nonexistent"), std::string::npos);
}

TEST_F(oci_runtime, a_user_namespace_is_joined_with_and_without_others_of_it) {
  const test::process other({"/usr/bin/unshare", "--user", "--net", "--pid", "--fork", "--kill-child", "sleep", "1000"},
                            {"PATH=/usr/sbin:/usr/bin:/bin"});
  ASSERT_TRUE(eventually([&] { return child_of(other.pid()) != 0; }));
  const std::string proc = "/proc/" + std::to_string(child_of(other.pid()));
  for (const char* map : {"/uid_map", "/gid_map"})
    file::write_all(file::open_at(AT_FDCWD, proc + map, O_WRONLY).get(), "0 100000 65536", "map");
  const std::string inside =
      "id -u; cut -c1-6 /proc/self/mountinfo | wc -l | grep -c .; cat /proc/1/comm; tr -s ' ' "
      "< /proc/self/uid_map; readlink /proc/self/ns/user";
  add_namespace("user", proc + "/ns/user");
  const std::string user = fs::read_symlink(proc + "/ns/user").string();
  outcome o = sh(inside);
  EXPECT_EQ(o.out, "0\n1\nsh\n 0 100000 65536\n" + user + "\n") << o.err;
  add_namespace("network", proc + "/ns/net");
  add_namespace("time");
  o = sh("ls /sys/class/net; cat /proc/1/comm; true");
  EXPECT_EQ(o.out, "lo\nsh\n") << o.err;
  add_namespace("pid", proc + "/ns/pid");
  o = sh(inside);
  EXPECT_EQ(o.out, "0\n1\nsleep\n 0 100000 65536\n" + user + "\n") << o.err;
  create({"sleep", "1000"});
  must({"start", "box"});
  EXPECT_EQ(must({"exec", "box", "readlink", "/proc/self/ns/user"}), user + "\n");
  must({"delete", "--force", "box"});
}

TEST_F(oci_runtime, what_would_change_a_namespace_of_the_host_is_refused) {
  const auto refused = [&](const char* kind, const char* name, const std::string& why) {
    const json::object before = config_;
    add_namespace(kind, std::string("/proc/self/ns/") + name);
    const outcome o = sh("true");
    EXPECT_EQ(o.code, 1) << kind;
    EXPECT_NE(o.err.find(why), std::string::npos) << o.err;
    config_ = before;
  };
  refused("mount", "mnt", "the mounts would be the host's");
  refused("user", "user", "in this user namespace already");
  refused("uts", "uts", "hostname: it would be the host's");
  linux_part()["sysctl"] = json::object{{"net.ipv4.ip_forward", "1"}};
  refused("network", "net", "linux.sysctl");
}

TEST_F(oci_runtime, a_cgroup_mount_has_its_options) {
  for (json::value& m : config_["mounts"].as_array()) {
    if (m.as_object().at("type") == "cgroup") m.as_object()["options"] = json::array{"nosuid", "nodev", "rw"};
  }
  const std::string make = "cd /sys/fs/cgroup; [ ! -d memory ] || cd memory; mkdir x && rmdir x && echo made";
  outcome o = sh(make);
  EXPECT_EQ(o.out, "made\n") << o.err;
  for (json::value& m : config_["mounts"].as_array()) {
    if (m.as_object().at("type") == "cgroup") m.as_object()["options"] = json::array{"ro"};
  }
  o = sh(make);
  EXPECT_EQ(o.out, "");
  EXPECT_NE(o.err.find("Read-only"), std::string::npos) << o.err;
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

// A link of an image that leads nowhere yet is followed inside its root, and what is missing there is made.
TEST_F(oci_runtime, mounts_follow_links_that_lead_nowhere) {
  const std::string top = bundle_ + "/rootfs/";
  fs::create_symlink("/run/lock", top + "link");
  fs::create_symlink("../../../../made/by", top + "relative");
  fs::create_symlink("loop", top + "loop");
  fs::create_symlink("again/deep", top + "chain");
  fs::create_symlink("/chained", top + "again");
  const auto mount_at = [this](const std::string& target) {
    config_["mounts"].as_array().push_back(
        json::object{{"destination", target}, {"type", "tmpfs"}, {"source", "tmpfs"}, {"options", {"mode=711"}}});
  };
  const std::string file = dir_.path() + "/file";
  file::replace_at(AT_FDCWD, file, "content\n");
  config_["mounts"].as_array().push_back(
      json::object{{"destination", "/relative/name"}, {"type", "bind"}, {"source", file}, {"options", {"bind"}}});
  mount_at("/link/below");
  mount_at("/chain");
  const outcome o = sh("stat -c %a /run/lock/below /chained/deep; cat /made/by/name");
  EXPECT_EQ(o.out, "711\n711\ncontent\n") << o.err;
  EXPECT_FALSE(fs::exists("/made"));
  mount_at("/loop/x");
  EXPECT_EQ(sh("true").code, 1);
}

TEST_F(oci_runtime, streams_belong_to_its_user) {
  process()["user"] = json::object{{"uid", 5}, {"gid", 5}};
  set_args({"sh", "-c", "echo written > /dev/stdout"});
  EXPECT_EQ(run_program({program_path("lxr"), "runtime", "--root", root_, "run", "--bundle", bundle_, "box"}).out,
            "written\n");
}

// A hook may ask for the container that it is called for.
TEST_F(oci_runtime, hooks_see_a_container_that_is_being_created) {
  const std::string out = dir_.path() + "/seen";
  add_hook("createRuntime", program_path("lxr") + " runtime --root " + root_ + " state box | jq -r .status > " + out);
  EXPECT_EQ(sh("true").code, 0);
  EXPECT_EQ(file::read_at(AT_FDCWD, out), "creating\n");
}

}  // namespace
}  // namespace lxr::test
