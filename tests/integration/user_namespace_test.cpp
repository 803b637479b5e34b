// SPDX-License-Identifier: Apache-2.0
// Containers with user ids of their own (`--userns auto`, `--uidmap`): root of one is nobody on the host, and files
// keep the ids of their image, because the mounts are mapped.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/file.hpp"
#include "tests/integration/runtime_fixture.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class user_namespace : public installation {
 protected:
  std::string sh(const std::vector<std::string>& flags, const std::string& line) {
    std::vector<std::string> words{"run", "--rm", "-q", "--network", "none"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {small_, "sh", "-c", line});
    const outcome o = lxr(words);
    return o.out + o.err;
  }
  // The host's id of a container's root.
  uid_t root_of(const std::string& name) {
    std::istringstream map(must({"exec", name, "cat", "/proc/self/uid_map"}));
    uid_t inner = 0, outer = 0;
    map >> inner >> outer;
    return outer;
  }
};

uid_t owner_of(const std::string& path) {
  struct stat st{};
  return ::stat(path.c_str(), &st) == 0 ? st.st_uid : ~0U;
}

TEST_F(user_namespace, its_root_is_nobody_on_the_host) {
  for (const char* name : {"one", "two"})
    must({"run", "-d", "-q", "--name", name, "--userns", "auto", small_, "sleep", "1000"});
  EXPECT_GE(root_of("one"), 1u << 31);
  EXPECT_NE(root_of("one"), root_of("two"));
  const auto state = inspect("one").at("State").as_object();
  EXPECT_EQ(owner_of("/proc/" + std::to_string(state.at("Pid").as_int64())), root_of("one"));
  EXPECT_EQ(must({"exec", "one", "id", "-u"}), "0\n");
  EXPECT_EQ(must({"exec", "-u", "7:7", "one", "sh", "-c", "id -u; echo seen > /dev/stderr"}), "7\n");
  const std::string canary = dir_.path() + "/canary";
  std::ofstream(canary) << "secret";
  ::chmod(canary.c_str(), 0600);
  EXPECT_EQ(sh({"--userns", "auto", "--privileged", "-v", canary + ":/c"}, "cat /c"),
            "cat: can't open '/c': Permission denied\n");
  EXPECT_EQ(sh({"-v", canary + ":/c"}, "cat /c"), "secret");  // without it
}

TEST_F(user_namespace, files_keep_the_ids_of_the_image_through_starts) {
  must({"create", "-q", "--name", "box", "--userns", "auto", "-v", "data:/etc2", "--network", "none", small_, "sh",
        "-c", "touch /new /etc2/new; chown 3:4 /new; rm /etc/group; stat -c %u:%g /bin /new /etc/passwd /etc2/new"});
  const std::string seen = "0:0\n3:4\n0:0\n0:0\n";
  EXPECT_EQ(must({"start", "-a", "box"}), seen);
  EXPECT_EQ(must({"start", "-a", "box"}).substr(0, 8), "0:0\n3:4\n");
  EXPECT_EQ(owner_of(root_ + "/volumes/data/_data/new"), 0u);
  const std::string id = std::string(inspect("box").at("Id").as_string());
  EXPECT_EQ(owner_of(root_ + "/containers/" + id + "/upper/new"), 3u);
  // A volume that begins with the image's files, and then another container with other ids.
  EXPECT_EQ(sh({"--userns", "auto", "-v", "begun:/etc"}, "stat -c %u /etc/passwd; echo x > /etc/mine"), "0\n");
  EXPECT_EQ(sh({"--uidmap", "0:300000:1000", "-v", "begun:/v"}, "stat -c %u /v/mine /v/passwd; rm /v/mine"), "0\n0\n");
}

TEST_F(user_namespace, it_goes_with_the_hosts_namespaces) {
  for (const std::vector<std::string> flags : {std::vector<std::string>{"--pid", "host"},
                                               {"--ipc", "host"},
                                               {"--uts", "host"},
                                               {"--init"},
                                               {"-m", "64m"},
                                               {"--read-only"},
                                               {"--cgroupns", "host"},
                                               {"--tmpfs", "/t"}}) {
    std::vector<std::string> with = flags;
    with.insert(with.end(), {"--userns", "auto:size=1024"});
    EXPECT_EQ(sh(with, "id -u; test -e /proc/self && echo proc; cat /proc/self/uid_map | tr -s ' ' | cut -d' ' -f4"),
              "0\nproc\n1024\n")
        << flags.front();
  }
  const outcome host = lxr({"run", "--rm", "-q", "--userns", "auto", "--network", "host", small_, "sh", "-c",
                            "test -d /sys/class && touch /sys/x 2>/dev/null || echo read-only"});
  EXPECT_EQ(host.out, "read-only\n") << host.err;
  EXPECT_EQ(must({"run", "--rm", "-q", "--userns", "auto", "--cap-add", "NET_RAW", small_, "sh", "-c",
                  "ping -c1 -W2 $(ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p') >/dev/null && echo reached"}),
            "reached\n");
}

TEST_F(user_namespace, mappings_that_cannot_be_are_refused) {
  const auto refusal = [this](const std::vector<std::string>& flags) {
    std::vector<std::string> words{"run", "--rm", "-q"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {small_, "true"});
    const outcome o = lxr(words);
    EXPECT_EQ(o.code, 125) << flags.front();
    return o.err;
  };
  EXPECT_NE(refusal({"--uidmap", "5:1:1"}).find("no range begins with 0"), std::string::npos);
  EXPECT_NE(refusal({"--uidmap", "0:1:100", "--uidmap", "50:900:9"}).find("overlap"), std::string::npos);
  EXPECT_NE(refusal({"--uidmap", "0:1"}).find("CONTAINER-ID:HOST-ID:COUNT"), std::string::npos);
  EXPECT_NE(refusal({"--uidmap", "0:4294967295:1"}).find("4294967294"), std::string::npos);
  EXPECT_NE(refusal({"--userns", "auto", "--uidmap", "0:1:1"}).find("set the same"), std::string::npos);
  EXPECT_NE(refusal({"--userns", "auto:size=0"}).find("size=N"), std::string::npos);
  EXPECT_NE(refusal({"--userns", "keep-id"}).find("not run as root"), std::string::npos);
  EXPECT_NE(refusal({"--network", "none", "-v", "/tmp:/t:idmap"}).find("without a user namespace"), std::string::npos);
}

// config.md, "mounts": uidMappings and gidMappings of a mount; the option idmap alone means the container's.
TEST_F(oci_runtime, the_ids_of_a_mount_are_mapped) {
  const std::string source = dir_.path() + "/source";
  fs::create_directory(source);
  std::ofstream(source + "/file") << "x";
  json::object mount{{"destination", "/mapped"}, {"type", "bind"}, {"source", source}, {"options", {"bind"}}};
  for (const char* key : {"uidMappings", "gidMappings"})
    mount[key] = json::array{json::object{{"containerID", 0}, {"hostID", 5000}, {"size", 10}}};
  config_["mounts"].as_array().push_back(mount);
  EXPECT_EQ(sh("stat -c %u:%g /mapped/file").out, "5000:5000\n");
  json::object& last = config_["mounts"].as_array().back().as_object();
  last.erase("uidMappings");
  last.erase("gidMappings");
  last["options"] = {"bind", "idmap"};
  EXPECT_NE(sh("true").err.find("without a user namespace"), std::string::npos);
  add_namespace("user");
  for (const char* key : {"uidMappings", "gidMappings"})
    linux_part()[key] = json::array{json::object{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
  EXPECT_EQ(sh("stat -c %u:%g /mapped/file; touch /mapped/new").out, "0:0\n");
  EXPECT_EQ(owner_of(source + "/new"), 0u);
}

}  // namespace
}  // namespace lxr::test
