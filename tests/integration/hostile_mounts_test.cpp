// SPDX-License-Identifier: Apache-2.0
// Images, volumes and containers that turn mounts, devices and shared namespaces against the host or against others.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"
#include "tests/support/image_layout.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

namespace fs = std::filesystem;

class hostile_mounts : public installation {
 protected:
  // An image of busybox and of what `add` puts beside it.
  std::string image_with(const std::function<void(tar_builder&)>& add) {
    tar_builder b;
    for (const char* directory : {"bin", "proc", "sys", "dev", "etc", "data"}) b.directory(directory);
    b.add({.path = "bin/busybox", .content = file::read_at(AT_FDCWD, "/bin/busybox", 16u << 20).value(), .mode = 0755});
    for (const char* name : {"sh", "cat", "ls", "flock", "sleep", "ps", "stat", "true"})
      b.add({.path = std::string("bin/") + name, .link = "busybox", .type = '2'});
    add(b);
    return write_layout(sources_.path() + "/image", {b.finish()});
  }
  outcome sh(const std::string& image, const std::vector<std::string>& flags, const std::string& line) {
    std::vector<std::string> words{"run", "--rm", "-q", "--network", "none"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {image, "sh", "-c", line});
    return lxr(words);
  }
  std::vector<std::string> volumes() { return file::list_at(AT_FDCWD, root_ + "/volumes"); }
  temp_directory sources_;
};

TEST_F(hostile_mounts, device_nodes_of_images_and_of_the_host_open_nothing) {
  const std::string image = image_with([](tar_builder& b) {
    b.directory("vol");
    b.add({.path = "vol/fuse", .type = '3', .mode = 0666, .major = 10, .minor = 229});
  });
  EXPECT_EQ(sh(image, {"-v", "nodes:/vol"}, "ls /vol; exec 3<>/vol/fuse && echo open").out, "fuse\n");
  EXPECT_EQ(sh(image, {"-v", "/dev:/dev"}, "exec 3<>/dev/fuse && echo open").out, "");
  EXPECT_EQ(sh(image, {"-v", "/dev:/dev"}, "echo x > /dev/null && echo written").out, "written\n");
  EXPECT_EQ(sh(image, {"--device", "/dev/fuse"}, "exec 3<>/dev/fuse && echo open").out, "open\n");
}

TEST_F(hostile_mounts, links_of_an_image_lead_no_mount_into_dev_proc_or_sys) {
  const std::string image = image_with([](tar_builder& b) {
    for (const char* name : {"dev", "proc", "sys"})
      b.add({.path = std::string("l") + name, .link = std::string("/") + name, .type = '2'});
  });
  const std::string host = sources_.path() + "/host";
  fs::create_directory(host);
  std::ofstream(host + "/fuse") << "mine";
  for (const char* name : {"dev", "proc", "sys"}) {
    const outcome o = sh(image, {"-v", host + ":/l" + name, "--device", "/dev/fuse"}, "ls /proc/self/status");
    EXPECT_EQ(o.code, 125) << name;
    EXPECT_NE(o.err.find(std::string("/l") + name), std::string::npos) << o.err;
  }
  EXPECT_EQ(file::read_at(AT_FDCWD, host + "/fuse"), "mine");
  EXPECT_EQ(sh(image, {"-v", host + ":/proc/sys"}, "true").code, 125);
  EXPECT_EQ(sh(image, {"--tmpfs", "/proc"}, "true").code, 125);
  EXPECT_EQ(sh(image, {"-v", host + ":/data", "--device", "/dev/fuse:/data/fuse"}, "true").code, 125);
}

TEST_F(hostile_mounts, files_of_a_mounted_etc_are_the_users) {
  const std::string etc = sources_.path() + "/etc";
  fs::create_directory(etc);
  fs::create_symlink("../run/systemd/resolve/stub-resolv.conf", etc + "/resolv.conf");
  fs::create_symlink("/nowhere/x", etc + "/hosts");
  EXPECT_EQ(sh(small_, {"-v", etc + ":/etc"}, "true").code, 0);
  EXPECT_EQ(fs::read_symlink(etc + "/resolv.conf").string(), "../run/systemd/resolve/stub-resolv.conf");
  EXPECT_EQ(fs::read_symlink(etc + "/hosts").string(), "/nowhere/x");
  std::ofstream(sources_.path() + "/hosts") << "1.2.3.4 mine\n";
  EXPECT_EQ(sh(small_, {"-v", sources_.path() + "/hosts:/etc/hosts"}, "cat /etc/hosts").out, "1.2.3.4 mine\n");
}

TEST_F(hostile_mounts, a_container_cannot_lock_a_volume_for_others) {
  const std::string image = image_with([](tar_builder&) {});
  must({"run", "-d", "-q", "--name", "holder", "--network", "none", "-v", "v:/data", image, "flock", "/data", "sleep",
        "1000"});
  ASSERT_TRUE(eventually([&] { return lxr({"exec", "holder", "flock", "-n", "/data", "true"}).code != 0; }));
  EXPECT_EQ(sh(image, {"-v", "v:/data"}, "echo in").out, "in\n");
}

TEST_F(hostile_mounts, a_copy_into_a_volume_that_broke_off_begins_anew) {
  must({"volume", "create", "half"});
  std::ofstream(root_ + "/volumes/half/_data/group") << "half";
  const std::string path = root_ + "/volumes/half/volume.json";
  json::object record = json::parse_object(file::read_at(AT_FDCWD, path).value(), path);
  record["filling"] = true;
  file::replace_at(AT_FDCWD, path, json::dump(record));
  EXPECT_EQ(sh(small_, {"-v", "half:/etc"}, "cat /etc/group | head -1").out, "root:x:0:\n");
}

TEST_F(hostile_mounts, a_file_keeps_its_capabilities_and_nocopy_leaves_a_volume_to_be_filled) {
  const std::string capability("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);  // cap_net_bind_service+ep
  const std::string image = image_with([&](tar_builder& b) {
    b.directory("vol");
    b.add({.path = "vol/tool",
           .content = "x",
           .mode = 0755,
           .uid = 7,
           .pax = {{"SCHILY.xattr.security.capability", capability}}});
  });
  EXPECT_EQ(sh(image, {"-v", "caps:/vol"}, "stat -c %u /vol/tool").out, "7\n");
  EXPECT_EQ(sh(image, {"-v", "later:/vol:nocopy"}, "ls /vol").out, "");
  EXPECT_EQ(sh(image, {"-v", "later:/vol"}, "ls /vol").out, "tool\n");
  EXPECT_NE(run_program({"/sbin/getcap", root_ + "/volumes/caps/_data/tool"}).out.find("cap_net_bind_service"),
            std::string::npos);
}

TEST_F(hostile_mounts, a_name_that_is_none_reaches_no_volume) {
  must({"run", "-d", "--name", "box", "--network", "none", "-v", "used:/d", small_, "sleep", "1000"});
  for (const char* word : {"used/", "../volumes/used", "./used", "", "used/_data"})
    EXPECT_EQ(lxr({"volume", "rm", word}).code, 1) << word;
  EXPECT_TRUE(fs::exists(root_ + "/volumes/used/_data"));
}

TEST_F(hostile_mounts, a_create_that_fails_leaves_no_volume_and_no_lock) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const outcome o = lxr({"run", "-d", "--name", "box", "--network", "none", "-v", "/anonymous", small_, "true"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("box"), std::string::npos) << o.err;
  EXPECT_TRUE(volumes().empty());
}

TEST_F(hostile_mounts, a_container_in_anothers_pid_namespace_is_one_like_others) {
  must({"run", "-d", "--name", "other", "--network", "none", small_, "sleep", "777"});
  must({"run", "-d", "--name", "box", "--network", "none", "--pid", "container:other", small_, "sleep", "888"});
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_EQ(must({"exec", "box", "sh", "-c", "ps -o args | grep -cx 'sleep [78]*'"}), "2\n");
  must({"pause", "box"});
  must({"unpause", "box"});
  must({"kill", "box"});
  EXPECT_EQ(status_of("box"), "exited");
  EXPECT_EQ(status_of("other"), "running");
}

TEST_F(hostile_mounts, what_shares_the_hosts_pids_ends_with_its_container) {
  must({"run", "-d", "--name", "box", "--network", "none", "--pid", "host", "--pids-limit", "0", small_, "sh", "-c",
        "sleep 76543 & exec sleep 76544"});
  const auto alive = [] { return run_program({"/usr/bin/pgrep", "-fx", "sleep 7654[34]"}).out; };
  EXPECT_TRUE(eventually([&] { return std::ranges::count(alive(), '\n') == 2; }));
  must({"pause", "box"});
  must({"stop", "-t", "1", "box"});
  EXPECT_TRUE(eventually([&] { return alive().empty(); }));
}

}  // namespace
}  // namespace lxr::test
