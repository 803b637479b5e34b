// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/mount_words.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

using words = std::vector<std::string>;

TEST(parse_volume, takes_paths_names_and_targets_alone) {
  mount_request m = parse_volume("/src/../a/:/app/:ro,rshared");
  EXPECT_EQ(m.kind, mount_kind::bind);
  EXPECT_EQ(m.source, "/a");
  EXPECT_EQ(m.target, "/app");
  EXPECT_EQ(m.options, (words{"ro", "rshared", "rro"}));
  m = parse_volume("./x:/app");
  EXPECT_EQ(m.source, (std::filesystem::current_path() / "x").string());
  m = parse_volume("data:/app:z,nocopy");
  EXPECT_EQ(m.kind, mount_kind::volume);
  EXPECT_EQ(m.source, "data");
  EXPECT_TRUE(m.no_copy);
  EXPECT_TRUE(m.options.empty());
  m = parse_volume("/app");
  EXPECT_TRUE(m.is_anonymous);
  EXPECT_EQ(m.target, "/app");
}

TEST(parse_volume, says_what_is_wrong) {
  for (const char* word : {"", "a", ":/x", "/a:b", "/a:/", "/a:/..", "/a:/b:what", "/a:/b:ro:rw", "a/b:/c", "-a:/b",
                           "/a:/b:U", "/a:/b:O", "/a:/b:idmap=uids=0-1-1"})
    EXPECT_THROW(parse_volume(word), error) << word;
}

TEST(parse_mount, takes_dockers_and_podmans_words) {
  mount_request m = parse_mount("type=bind,src=/a,dst=/b,readonly,bind-propagation=rslave,bind-nonrecursive");
  EXPECT_EQ(m.kind, mount_kind::bind);
  EXPECT_EQ(m.source, "/a");
  EXPECT_EQ(m.options, (words{"ro", "rslave", "bind"}));
  EXPECT_EQ(parse_mount("type=bind,src=/a,dst=/b,ro").options, (words{"ro", "rro"}));
  EXPECT_EQ(parse_mount("type=bind,src=/a,dst=/b,ro,bind-recursive=writable").options, (words{"ro"}));
  EXPECT_EQ(parse_volume("/a:/b:ro,rw").options, (words{"ro", "rw"}));
  m = parse_mount("source=data,target=/b,ro=false,volume-nocopy");
  EXPECT_EQ(m.kind, mount_kind::volume);
  EXPECT_EQ(m.options, (words{"rw"}));
  EXPECT_TRUE(m.no_copy);
  m = parse_mount("type=tmpfs,destination=/t,tmpfs-size=1m,tmpfs-mode=0700,exec");
  EXPECT_EQ(m.options, (words{"size=1048576", "mode=0700", "exec"}));
  EXPECT_TRUE(parse_mount("type=volume,target=/b").is_anonymous);
}

TEST(parse_mount, says_what_is_wrong) {
  for (const char* word :
       {"type=bind,target=/b", "type=bind,source=/a", "type=tmpfs,source=/a,target=/b", "type=x,target=/b",
        "type=volume,source=/a,target=/b", "type=bind,source=/a,target=/b,what=1", "type=bind,source=/a,target=b",
        "type=image,source=a,target=/b", "type=bind,source=/a,target=/b,ro=maybe", ""})
    EXPECT_THROW(parse_mount(word), error) << word;
}

TEST(parse_tmpfs, takes_a_target_and_options) {
  const mount_request m = parse_tmpfs("/run:size=1m,exec");
  EXPECT_EQ(m.kind, mount_kind::tmpfs);
  EXPECT_EQ(m.options, (words{"size=1m", "exec"}));
  for (const char* word : {"", "run", "/", "/run:tmpcopyup", "/run:what", "/run:size=", "/run:size=1q", "/run:mode=8",
                           "/run:uid=x", "/run:size"})
    EXPECT_THROW(parse_tmpfs(word), error) << word;
  for (const char* word : {"/run:size=50%,mode=1777", "/run:nr_inodes=1k,uid=5,ro", "/run:huge=never"})
    EXPECT_NO_THROW(parse_tmpfs(word)) << word;
}

TEST(parse_device, takes_a_target_and_access) {
  device_request d = parse_device("/dev/fuse");
  EXPECT_EQ(d.target, "/dev/fuse");
  EXPECT_EQ(d.access, "rwm");
  d = parse_device("/dev/sda:/dev/x:r");
  EXPECT_EQ(d.target, "/dev/x");
  EXPECT_EQ(d.access, "r");
  EXPECT_EQ(parse_device("/dev/sda:rw").access, "rw");
  for (const char* word : {"", "sda", "/dev/sda:x", "/dev/sda:/dev/x:q", "vendor.com/gpu=all"})
    EXPECT_THROW(parse_device(word), error) << word;
}

TEST(check_device_rule, takes_type_numbers_and_access) {
  EXPECT_EQ(check_device_rule("c 10:* rwm"), "c 10:* rwm");
  for (const char* word : {"", "c", "c 1:2", "d 1:2 r", "c 1 r", "c 1:x r", "c 1:2 q"})
    EXPECT_THROW(check_device_rule(word), error) << word;
}

}  // namespace
}  // namespace lxr::cli
