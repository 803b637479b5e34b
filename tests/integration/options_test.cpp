// SPDX-License-Identifier: Apache-2.0
// What `lxr run` is asked for besides image and command: mounts, devices, rights, namespaces and resources.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

namespace fs = std::filesystem;

class options : public installation {
 protected:
  std::string sh(const std::vector<std::string>& flags, const std::string& line) {
    std::vector<std::string> words{"run", "--rm", "-q", "--network", "none"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {small_, "sh", "-c", line});
    const outcome o = lxr(words);
    return o.out + o.err;
  }
  std::string refusal(const std::vector<std::string>& flags) {
    std::vector<std::string> words{"run", "--rm", "-q", "--network", "none"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {small_, "true"});
    const outcome o = lxr(words);
    EXPECT_EQ(o.code, 125) << flags.front();
    return o.err;
  }
  std::string make_directory(const std::string& name, const std::string& content) {
    const std::string path = sources_.path() + "/" + name;
    fs::create_directories(path);
    std::ofstream(path + "/file") << content;
    return path;
  }
  std::vector<std::string> volumes() {
    fs::create_directories(root_ + "/volumes");
    std::vector<std::string> names = file::list_at(AT_FDCWD, root_ + "/volumes");
    std::ranges::sort(names);
    return names;
  }
  // State is in memory, also where its directory is on a disk.
  std::size_t kept_filters() {
    return file::list_at(AT_FDCWD, fs::canonical(state_ + "/names").parent_path() / "seccomp").size();
  }
  temp_directory sources_;
};

TEST_F(options, a_directory_and_a_file_of_the_host_are_mounted) {
  const std::string src = make_directory("src", "hello\n");
  EXPECT_EQ(sh({"-v", src + ":/new/place"}, "cat /new/place/file; echo more > /new/place/g"), "hello\n");
  EXPECT_EQ(file::read_at(AT_FDCWD, src + "/g").value_or(""), "more\n");
  EXPECT_NE(sh({"-v", src + ":/x:ro"}, "touch /x/h").find("Read-only"), std::string::npos);
  EXPECT_EQ(sh({"--mount", "type=bind,source=" + src + "/file,target=/etc/passwd,readonly"}, "cat /etc/passwd"),
            "hello\n");
  EXPECT_NE(refusal({"-v", sources_.path() + "/none:/x"}).find("no such file or directory"), std::string::npos);
  EXPECT_NE(refusal({"-v", src + ":/x", "--tmpfs", "/x"}).find("mounted twice"), std::string::npos);
  EXPECT_EQ(sh({"-v", src + ":/x", "-v", src + ":/x/y"}, "cat /x/y/file"), "hello\n");
}

TEST_F(options, a_volume_begins_with_what_the_image_has_and_outlives_containers) {
  EXPECT_EQ(sh({"-v", "data:/etc"}, "cat /etc/group | head -1; echo kept > /etc/mine"), "root:x:0:\n");
  EXPECT_EQ(sh({"-v", "data:/d"}, "cat /d/mine"), "kept\n");
  EXPECT_EQ(sh({"-v", "empty:/etc:nocopy"}, "ls /etc/group 2>&1 | wc -l; ls /etc | wc -l"), "1\n3\n");
  EXPECT_EQ(volumes(), (std::vector<std::string>{"data", "empty"}));
  EXPECT_EQ(sh({"-v", "/anonymous"}, "touch /anonymous/x && echo made"), "made\n");
  EXPECT_EQ(volumes().size(), 2u);  // --rm takes anonymous ones along
  must({"run", "-d", "--name", "box", "--network", "none", "-v", "data:/d", "-v", "/a", small_, "sleep", "1000"});
  EXPECT_EQ(volumes().size(), 3u);
  const outcome used = lxr({"volume", "rm", "data"});
  EXPECT_EQ(used.code, 1);
  EXPECT_NE(used.err.find("in use by box"), std::string::npos) << used.err;
  EXPECT_EQ(sh({"--volumes-from", "box:ro"}, "cat /d/mine; touch /d/x"), "kept\ntouch: /d/x: Read-only file system\n");
  must({"rm", "-f", "-v", "box"});
  EXPECT_EQ(volumes().size(), 2u);
  EXPECT_EQ(must({"volume", "rm", "data"}), "data\n");
}

TEST_F(options, volumes_are_made_shown_and_pruned) {
  EXPECT_EQ(must({"volume", "create", "-l", "a=b", "one"}), "one\n");
  EXPECT_EQ(must({"volume", "create", "one"}), "one\n");  // as docker: it is there
  const std::string name = must({"volume", "create"});
  EXPECT_EQ(name.size(), 65u);
  EXPECT_EQ(must({"volume", "ls", "-q"}), std::min(name, std::string("one\n")) + std::max(name, std::string("one\n")));
  const json::object shown = json::parse(must({"volume", "inspect", "one"}), "volumes").as_array().at(0).as_object();
  EXPECT_EQ(json::get_string(shown, "Mountpoint"), root_ + "/volumes/one/_data");
  EXPECT_EQ(lxr({"volume", "inspect", "two"}).code, 1);
  EXPECT_EQ(lxr({"volume", "create", "a/b"}).code, 125);
  must({"volume", "prune", "-f"});
  EXPECT_EQ(must({"volume", "ls", "-q"}), "one\n");
  must({"volume", "prune", "-af"});
  EXPECT_EQ(must({"volume", "ls", "-q"}), "");
}

TEST_F(options, filesystems_in_memory_have_their_sizes) {
  EXPECT_EQ(sh({"--tmpfs", "/run:size=1m,exec"}, "grep ' /run ' /proc/mounts | cut -d' ' -f3-4"),
            "tmpfs rw,nosuid,nodev,relatime,size=1024k\n");
  EXPECT_EQ(sh({"--shm-size", "1m"}, "df -k /dev/shm | tail -1 | tr -s ' ' | cut -d' ' -f2"), "1024\n");
}

TEST_F(options, a_filesystem_in_memory_has_the_mode_of_what_it_covers) {
  EXPECT_EQ(sh({"--tmpfs", "/root"}, "stat -c %a /root"), "700\n");
  EXPECT_EQ(sh({"--tmpfs", "/fresh"}, "stat -c %a /fresh"), "1777\n");
  EXPECT_EQ(sh({"--tmpfs", "/root:mode=711,uid=7"}, "stat -c '%a %u' /root"), "711 7\n");
}

// As docker's from 25 on; --mount says otherwise.
TEST_F(options, read_only_means_what_is_mounted_below_too) {
  const std::string src = make_directory("outer", "x");
  fs::create_directory(src + "/inner");
  const outcome mounted = shell("unshare -m bash -c 'mount -t tmpfs inner " + src + "/inner; for o in -v=" + src +
                                ":/m:ro --mount=type=bind,source=" + src +
                                ",target=/m,ro,bind-recursive=writable; do $lxr run --rm -q --network none $o $image "
                                "sh -c \"touch /m/a 2>/dev/null && echo a; touch /m/inner/b 2>/dev/null && echo b; "
                                "echo .\"; done'");
  EXPECT_EQ(mounted.out, ".\nb\n.\n") << mounted.err;
}

TEST_F(options, what_cannot_be_mounted_or_limited_says_why) {
  EXPECT_NE(refusal({"-v", "/tmp:/etc/passwd"}).find("over a file"), std::string::npos);
  EXPECT_NE(refusal({"-v", "/etc/passwd:/tmp"}).find("over a directory"), std::string::npos);
  EXPECT_NE(refusal({"--tmpfs", "/t:bogus"}).find("no option \"bogus\""), std::string::npos);
  EXPECT_NE(refusal({"--ulimit", "nofile=1073741824"}).find("hard limit"), std::string::npos);
  EXPECT_NE(refusal({"--uts", "host", "--hostname", "a"}).find("leave one of them out"), std::string::npos);
}

TEST_F(options, devices_are_given_with_their_rights) {
  EXPECT_EQ(sh({"--device", "/dev/fuse:/dev/other:r"},
               "stat -c '%t:%T' /dev/other; : 2>/dev/null < /dev/other && echo "
               "read; : 2>/dev/null > /dev/other && echo written"),
            "a:e5\nread\n");
  EXPECT_NE(refusal({"--device", "/etc/passwd"}).find("it is no device"), std::string::npos);
  EXPECT_EQ(sh({"--cap-add", "MKNOD"}, "mknod /dev/m c 10 229; : 2>/dev/null < /dev/m && echo read"), "");
  EXPECT_EQ(sh({"--cap-add", "MKNOD", "--device-cgroup-rule", "c 10:229 r"},
               "mknod /dev/m c 10 229; : 2>/dev/null < /dev/m && echo read"),
            "read\n");
}

TEST_F(options, rights_are_given_and_taken) {
  const std::string mount = "mount -t tmpfs none /tmp 2>/dev/null && echo mounted; id -u";
  EXPECT_EQ(sh({}, "mkdir -p /tmp; " + mount), "0\n");
  EXPECT_EQ(sh({"--cap-add", "sys_admin"}, "mkdir -p /tmp; " + mount), "mounted\n0\n");
  EXPECT_EQ(sh({"--privileged"}, "mkdir -p /tmp; " + mount), "mounted\n0\n");
  EXPECT_EQ(sh({"--cap-drop", "all"}, "grep -c 'CapBnd.*0000000000000000' /proc/self/status"), "1\n");
  EXPECT_EQ(sh({"-u", "7", "--cap-add", "net_bind_service"}, "grep CapAmb /proc/self/status"),
            "CapAmb:\t0000000000000400\n");
  EXPECT_EQ(sh({"--security-opt", "no-new-privileges"}, "grep NoNewPrivs /proc/self/status"), "NoNewPrivs:\t1\n");
  EXPECT_EQ(sh({"--security-opt", "seccomp=unconfined"}, "grep Seccomp: /proc/self/status"), "Seccomp:\t0\n");
  EXPECT_EQ(sh({"--ulimit", "nofile=77:88", "--ulimit", "core=0"}, "ulimit -n; ulimit -Hn; ulimit -c"), "77\n88\n0\n");
  EXPECT_EQ(sh({"--sysctl", "net.core.somaxconn=99"}, "cat /proc/sys/net/core/somaxconn"), "99\n");
  EXPECT_NE(refusal({"--sysctl", "kernel.panic=1"}).find("belongs to no namespace"), std::string::npos);
  EXPECT_NE(refusal({"--cap-add", "flying"}).find("no such capability"), std::string::npos);
}

TEST_F(options, a_profile_of_ones_own_holds_for_exec_too_and_is_compiled_once) {
  const std::string path = sources_.path() + "/profile.json";
  std::ofstream(path) << R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],
      "action":"SCMP_ACT_ERRNO","errnoRet":28}]})";
  must({"run", "-d", "--name", "box", "--network", "none", "--security-opt", "seccomp=" + path, small_, "sleep",
        "1000"});
  EXPECT_NE(lxr({"exec", "box", "mkdir", "/x"}).err.find("No space left"), std::string::npos);
  EXPECT_EQ(kept_filters(), 1u);
  EXPECT_NE(sh({"--security-opt", "seccomp=" + path}, "mkdir /x").find("No space left"), std::string::npos);
  EXPECT_EQ(kept_filters(), 1u);
  std::ofstream(path) << "{";
  EXPECT_NE(refusal({"--security-opt", "seccomp=" + path}).find(path), std::string::npos);
}

TEST_F(options, namespaces_are_shared_with_the_host_or_a_container) {
  const auto own = [](const char* kind) {
    return fs::read_symlink(std::string("/proc/self/ns/") + kind).string() + "\n";
  };
  EXPECT_EQ(sh({"--pid", "host"}, "readlink /proc/self/ns/pid"), own("pid"));
  EXPECT_EQ(sh({"--ipc", "host"}, "readlink /proc/self/ns/ipc; ls -d /dev/shm"), own("ipc") + "/dev/shm\n");
  EXPECT_EQ(sh({"--uts", "host"}, "readlink /proc/self/ns/uts"), own("uts"));
  EXPECT_EQ(sh({"--cgroupns", "host"}, "readlink /proc/self/ns/cgroup"), own("cgroup"));
  must({"run", "-d", "--name", "other", "--network", "none", small_, "sleep", "777"});
  EXPECT_EQ(sh({"--pid", "container:other"}, "ps -o args | grep -cx 'sleep 777'"), "1\n");
  EXPECT_EQ(sh({"--uts", "container:other"}, "hostname"), must({"exec", "other", "hostname"}));
  EXPECT_NE(refusal({"--pid", "container:none"}).find("none"), std::string::npos);
  must({"stop", "-t", "0", "other"});
  EXPECT_NE(refusal({"--pid", "container:other"}).find("not running"), std::string::npos);
}

TEST_F(options, shared_memory_is_shared_with_another_container_or_not_there) {
  must({"run", "-d", "-q", "--name", "owner", "--network", "none", "--ipc", "shareable", small_, "sh", "-c",
        "echo shm > /dev/shm/x; sleep 1000"});
  ASSERT_TRUE(eventually([this] { return lxr({"exec", "owner", "cat", "/dev/shm/x"}).out == "shm\n"; }));
  EXPECT_EQ(sh({"--ipc", "container:owner"}, "cat /dev/shm/x; echo back > /dev/shm/y"), "shm\n");
  EXPECT_EQ(must({"exec", "owner", "cat", "/dev/shm/y"}), "back\n");
  EXPECT_EQ(must({"exec", "owner", "readlink", "/proc/self/ns/ipc"}),
            sh({"--ipc", "container:owner"}, "readlink /proc/self/ns/ipc"));
  EXPECT_EQ(sh({"--ipc", "none"}, "test -e /dev/shm || echo none"), "none\n");
  remove_all();
  EXPECT_NE(refusal({"--ipc", "container:owner"}).find("no container"), std::string::npos);
}

TEST_F(options, an_init_reaps_orphans_and_hands_signals_on) {
  EXPECT_EQ(sh({"--init"}, "cat /proc/1/comm; (sleep 0.01 & ) ; sleep 0.1; ps -o stat | grep -c Z; exit 7"),
            "lxr-init\n0\n");
  EXPECT_EQ(lxr({"run", "--rm", "-q", "--network", "none", "--init", small_, "sh", "-c", "exit 7"}).code, 7);
  EXPECT_EQ(lxr({"run", "--rm", "-q", "--network", "none", "--init", small_, "sh", "-c", "kill -9 $$"}).code, 137);
  EXPECT_EQ(lxr({"run", "--rm", "-q", "--network", "none", "--init", small_, "/none"}).code, 127);
  must({"run", "-d", "--name", "box", "--network", "none", "--init", small_, "sleep", "1000"});
  must({"stop", "-t", "100", "box"});  // sleep as the first process would ignore TERM
  EXPECT_EQ(json::get_int(*json::find_object(inspect("box"), "State"), "ExitCode"), 143);
}

TEST_F(options, resources_are_changed_while_it_runs) {
  must({"run", "-d", "--name", "box", "--network", "none", "-m", "64m", small_, "sleep", "1000"});
  const auto memory = [&] {
    return must({"exec", "box", "sh", "-c",
                 "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true"});
  };
  EXPECT_EQ(memory(), std::to_string(64 << 20) + "\n");
  EXPECT_EQ(must({"update", "-m", "128m", "--pids-limit", "7", "--cpus", "0.5", "box"}), "box\n");
  EXPECT_EQ(memory(), std::to_string(128 << 20) + "\n");
  EXPECT_EQ(lxr({"update", "--memory-swap", "1m", "box"}).code, 125);
  EXPECT_EQ(lxr({"update", "-m", "1g", "nobody"}).code, 125);
  must({"stop", "-t", "0", "box"});
  must({"start", "box"});
  EXPECT_EQ(memory(), std::to_string(128 << 20) + "\n");
  EXPECT_EQ(lxr({"update", "-m", "256m", "--cpuset-cpus", "999", "box"}).code, 125);  // all or nothing
  EXPECT_EQ(memory(), std::to_string(128 << 20) + "\n");
  must({"update", "-m", "0", "box"});
  EXPECT_NE(memory(), std::to_string(128 << 20) + "\n");
}

TEST_F(options, the_callers_environment_is_below_the_images) {
  set_variable("LXR_TEST_OF_CALLER", "yes");
  set_variable("PATH", "/of/caller");
  EXPECT_EQ(sh({"--env-host"}, "echo $LXR_TEST_OF_CALLER $PATH"),
            "yes /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
}

TEST_F(options, the_images_variables_are_left_out_and_proxies_copied) {
  EXPECT_EQ(sh({"--unsetenv-all", "-e", "A=1"}, "env | cut -d= -f1 | sort | tr '\\n' ' '"),
            "A HOME HOSTNAME PATH PWD SHLVL ");
  set_variable("https_proxy", "http://proxy:1");
  EXPECT_EQ(sh({"--http-proxy"}, "echo $https_proxy"), "http://proxy:1\n");
  EXPECT_EQ(sh({}, "echo $https_proxy"), "\n");
}

TEST_F(options, labels_come_from_files_too) {
  const std::string path = sources_.path() + "/labels";
  fs::create_directories(sources_.path());
  file::replace_at(AT_FDCWD, path,
                   "\xef\xbb\xbf"
                   "a=1\r\n# none\n  b\nc=x=y\n");
  must({"create", "-q", "--name", "box", "--network", "none", "-l", "a=2", "--label-file", path, small_, "true"});
  EXPECT_EQ(json::dump(inspect("box").at("Config").as_object().at("Labels").as_object()),
            json::dump(json::object{{"a", "2"}, {"b", ""}, {"c", "x=y"}}));
  file::replace_at(AT_FDCWD, path, "=1\n");
  EXPECT_NE(refusal({"--label-file", path}).find("labels:1"), std::string::npos);
}

TEST_F(options, a_container_takes_the_place_of_another_with_its_name) {
  const std::string first = must({"run", "-d", "-q", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  EXPECT_EQ(lxr({"run", "--rm", "-q", "--name", "box", "--network", "none", small_, "true"}).code, 125);
  const std::string id = first.substr(0, 12);  // is no name
  EXPECT_EQ(must({"run", "--rm", "-q", "--replace", "--name", id, "--network", "none", small_, "echo", "x"}), "x\n");
  EXPECT_EQ(status_of("box"), "running");
  must({"run", "-d", "-q", "--replace", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  EXPECT_NE(inspect("box").at("Id").as_string(), first.substr(0, 64));
}

TEST_F(options, a_read_only_container_has_places_to_write_when_asked) {
  const std::string line = "for d in /tmp /run /var/tmp /; do touch $d/x 2>/dev/null && echo $d; done";
  EXPECT_EQ(sh({"--read-only"}, line), "");
  EXPECT_EQ(sh({"--read-only", "--read-only-tmpfs"}, line), "/tmp\n/run\n/var/tmp\n");
  EXPECT_EQ(sh({"--read-only", "--read-only-tmpfs", "--tmpfs", "/tmp:ro"}, line), "/run\n/var/tmp\n");
}

TEST_F(options, it_has_the_time_zone_that_is_asked_for) {
  const std::string zones = make_directory("zones", "a zone\n");
  set_variable("TZDIR", zones);
  EXPECT_EQ(sh({"--tz", "file"}, "cat /etc/localtime; echo x 2>/dev/null > /etc/localtime || echo kept"),
            "a zone\nkept\n");
  EXPECT_NE(refusal({"--tz", "../zones/file"}).find("no such time zone"), std::string::npos);
}

TEST_F(options, exec_goes_to_the_background_and_gets_more_rights) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  EXPECT_EQ(must({"exec", "-d", "box", "sh", "-c", "echo in the background > /mark; sleep 1000"}), "");
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "box", "cat", "/mark"}).out == "in the background\n"; }));
  EXPECT_EQ(must({"exec", "-dt", "box", "sh", "-c", "sleep 1000"}), "");
  EXPECT_EQ(must({"exec", "box", "sh", "-c", "ps -o args | grep -c '^sleep 1000'"}), "3\n");
  EXPECT_EQ(must({"exec", "--privileged", "box", "sh", "-c", "mkdir -p /m; mount -t tmpfs none /m && echo mounted"}),
            "mounted\n");
  EXPECT_EQ(lxr({"exec", "-d", "box"}).code, 125);
  EXPECT_EQ(lxr({"exec", "-d", "box", "/none"}).code, 127);
  std::ofstream(sources_.path() + "/env") << "A=1\n";
  EXPECT_EQ(must({"exec", "--env-file", sources_.path() + "/env", "box", "sh", "-c", "echo $A"}), "1\n");
}

TEST_F(options, a_paused_container_stands_still_until_it_goes_on_or_ends) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sh", "-c",
        "while :; do echo x >> /ticks; sleep 0.01; done"});
  EXPECT_EQ(must({"pause", "box"}), "box\n");
  EXPECT_EQ(status_of("box"), "paused");
  EXPECT_NE(must({"ps"}).find("(Paused)"), std::string::npos);
  EXPECT_NE(lxr({"pause", "box"}).err.find("paused already"), std::string::npos);
  EXPECT_NE(lxr({"exec", "box", "true"}).err.find("lxr unpause box"), std::string::npos);
  must({"unpause", "box"});
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_EQ(
      must({"exec", "box", "sh", "-c", "a=$(wc -l < /ticks); while [ $(wc -l < /ticks) = $a ]; do :; done; echo on"}),
      "on\n");
  EXPECT_NE(lxr({"unpause", "box"}).err.find("not paused"), std::string::npos);
  for (const std::vector<std::string>& end :
       {std::vector<std::string>{"stop", "-t", "1", "box"}, {"kill", "box"}, {"rm", "-f", "box"}}) {
    lxr({"start", "box"});
    must({"pause", "box"});
    must(end);
  }
  EXPECT_NE(lxr({"pause", "box"}).err.find("no container"), std::string::npos);
}

TEST_F(options, values_that_make_no_sense_together_are_refused) {
  EXPECT_NE(refusal({"--memory-swap", "1g"}).find("no memory limit"), std::string::npos);
  EXPECT_NE(refusal({"-m", "1g", "--memory-swap", "64m"}).find("smaller than"), std::string::npos);
  EXPECT_NE(refusal({"-m", "64m", "--memory-reservation", "1g"}).find("larger than"), std::string::npos);
  EXPECT_NE(refusal({"--cpus", "99"}).find("CPUs available"), std::string::npos);
  EXPECT_NE(refusal({"--cpus", "1", "--cpu-quota", "5000"}).find("same limit"), std::string::npos);
  EXPECT_NE(refusal({"--cpuset-cpus", "999"}).find("999"), std::string::npos);
  EXPECT_NE(refusal({"--device-read-bps", "/etc/passwd:1m"}).find("no block device"), std::string::npos);
}

}  // namespace
}  // namespace lxr::test
