// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_writer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::layer {
namespace {

using test::tar_builder;

// A layer's directory beside a canary that must never change.
struct layer : testing::Test {
  test::temp_directory dir;
  layer() {
    file::make_directory_at(dir.fd(), "root", 0755);
    file::replace_at(dir.fd(), "canary", "untouched", 0600);
  }
  void TearDown() override {
    EXPECT_EQ(file::read_at(dir.fd(), "canary"), "untouched");
    struct stat st{};
    ::fstatat(dir.fd(), "canary", &st, 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
    EXPECT_EQ(st.st_nlink, 1u);
  }
  void unpack(const std::string& archive) {
    pull_budget budget;
    layer_writer writer(file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY),
                        file::open_at(dir.fd(), "root", O_RDONLY | O_DIRECTORY), budget);
    io::tar::reader reader(writer);
    reader.feed(as_bytes(archive));
    reader.finish();
    for (const pending_write& w : writer.take_writes()) {
      ASSERT_EQ(::pwrite(w.file->fd.get(), w.data.get(), w.size, static_cast<off_t>(w.offset)),
                static_cast<ssize_t>(w.size));
    }
    for (const auto& f : writer.take_finished()) f->finish();
    writer.finish();
  }
  struct stat stat_of(const std::string& path) {
    struct stat st{};
    EXPECT_EQ(::fstatat(dir.fd(), ("root/" + path).c_str(), &st, AT_SYMLINK_NOFOLLOW), 0) << path;
    return st;
  }
  bool exists(const std::string& path) {
    return ::faccessat(dir.fd(), ("root/" + path).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  }
  std::string read(const std::string& path) {
    return file::read_at(dir.fd(), "root/" + path, 64 << 20).value_or("(missing)");
  }
};

TEST_F(layer, modes_owners_times_links_and_attributes) {
  unpack(tar_builder()
             .directory("d", 01777)
             .add({.path = "d/f", .content = "x", .mode = 06755, .uid = 7, .gid = 8, .mtime = 1234})
             .add({.path = "d/h", .link = "d/f", .type = '1'})
             .add({.path = "abs", .link = "/etc/x", .type = '2'})
             .add({.path = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3})
             .add({.path = "attr", .content = "y", .pax = {{"SCHILY.xattr.user.k", "v"}}})
             .finish());
  EXPECT_EQ(stat_of("d").st_mode & 07777, 01777u);
  EXPECT_EQ(stat_of("d").st_mtime, 1700000000);
  const struct stat f = stat_of("d/f");
  EXPECT_EQ(f.st_mode & 07777, 06755u);
  EXPECT_EQ(f.st_uid, 7u);
  EXPECT_EQ(f.st_gid, 8u);
  EXPECT_EQ(f.st_mtime, 1234);
  EXPECT_EQ(stat_of("d/h").st_ino, f.st_ino);
  EXPECT_EQ(stat_of("null").st_rdev, makedev(1, 3));
  char value[8] = {};
  EXPECT_EQ(::getxattr((dir.path() + "/root/attr").c_str(), "user.k", value, sizeof value), 1);
}

// What a directory would give to all that is made in it is not what their members say.
TEST_F(layer, directories_give_nothing_to_their_members) {
  const std::string acl(
      "\x02\0\0\0"
      "\x01\0\x07\0\xff\xff\xff\xff"
      "\x02\0\x07\0\x05\0\0\0"
      "\x04\0\x07\0\xff\xff\xff\xff"
      "\x10\0\x07\0\xff\xff\xff\xff"
      "\x20\0\0\0\xff\xff\xff\xff",
      44);
  unpack(tar_builder()
             .add({.path = "d",
                   .type = '5',
                   .mode = 02775,
                   .gid = 9,
                   .pax = {{"SCHILY.xattr.system.posix_acl_default", acl}}})
             .add({.path = "d/file", .content = "x", .mode = 0644})
             .add({.path = "d/directory", .type = '5', .mode = 0755})
             .finish());
  const auto attribute_size = [&](const char* path, const char* name) {
    return ::getxattr((dir.path() + "/root/" + path).c_str(), name, nullptr, 0);
  };
  EXPECT_EQ(attribute_size("d", "system.posix_acl_default"), 44);
  EXPECT_EQ(attribute_size("d/file", "system.posix_acl_access"), -1);
  EXPECT_EQ(attribute_size("d/directory", "system.posix_acl_default"), -1);
  for (const char* path : {"d/file", "d/directory"}) EXPECT_EQ(stat_of(path).st_gid, 0u) << path;
  EXPECT_EQ(stat_of("d/file").st_mode & 07777, 0644u);
  EXPECT_EQ(stat_of("d/directory").st_mode & 07777, 0755u);
}

TEST_F(layer, file_capabilities_outlive_the_writing_of_the_file) {
  const std::string capability("\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);  // cap_net_raw=ep
  for (const std::size_t size : {5u, 2u << 20}) {
    unpack(tar_builder()
               .add({.path = "cap",
                     .content = std::string(size, 'x'),
                     .pax = {{"SCHILY.xattr.security.capability", capability}}})
               .finish());
    char value[32];
    EXPECT_EQ(::getxattr((dir.path() + "/root/cap").c_str(), "security.capability", value, sizeof value), 20) << size;
  }
}

TEST_F(layer, large_files_of_every_tail) {
  for (const std::size_t extra : {0u, 1u, 4095u, 4096u, 4097u, 1048575u}) {
    const std::string content = std::string(layer_writer::large_size + extra - 3, 'a') + "end";
    unpack(tar_builder().add({.path = "big", .content = content, .mtime = 99}).finish());
    EXPECT_EQ(read("big"), content);
    EXPECT_EQ(stat_of("big").st_mtime, 99);
  }
}

TEST_F(layer, whiteouts_in_overlays_form) {
  unpack(tar_builder()
             .directory("d")
             .file("d/.wh.gone", "")
             .file("o/new", "n")
             .file("o/.wh..wh..opq", "")
             .file("d/.wh..wh.plnk", "")
             .finish());
  const struct stat gone = stat_of("d/gone");
  EXPECT_TRUE(S_ISCHR(gone.st_mode));
  EXPECT_EQ(gone.st_rdev, 0u);
  EXPECT_EQ(read("o/new"), "n");
  char value[4] = {};
  EXPECT_EQ(::getxattr((dir.path() + "/root/o").c_str(), "trusted.overlay.opaque", value, sizeof value), 1);
  EXPECT_FALSE(exists("d/.wh..wh.plnk"));
}

TEST_F(layer, a_whiteout_beside_a_new_file_of_that_name_keeps_the_file) {
  unpack(tar_builder().file("a", "new").file(".wh.a", "").finish());
  EXPECT_EQ(read("a"), "new");
}

TEST_F(layer, a_whiteout_and_a_directory_of_one_name_hide_what_lies_below) {
  unpack(tar_builder()
             .file(".wh.a", "")
             .directory("a")
             .file("a/x", "1")
             .directory("b")
             .file("b/x", "2")
             .file(".wh.b", "")
             .finish());
  for (const char* name : {"a", "b"}) {
    char value[4] = {};
    EXPECT_EQ(::getxattr((dir.path() + "/root/" + name).c_str(), "trusted.overlay.opaque", value, sizeof value), 1)
        << name;
    EXPECT_TRUE(exists(std::string(name) + "/x"));
  }
}

TEST_F(layer, later_members_win) {
  unpack(tar_builder()
             .file("x", "one")
             .file("x", "two")
             .directory("d")
             .file("d/in", "")
             .file("d", "now a file")
             .file("f", "")
             .directory("f")
             .file("f/in", "yes")
             .finish());
  EXPECT_EQ(read("x"), "two");
  EXPECT_EQ(read("d"), "now a file");
  EXPECT_EQ(read("f/in"), "yes");
}

TEST_F(layer, links_with_absolute_targets_resolve_inside) {
  unpack(tar_builder()
             .directory("run")
             .add({.path = "var/run", .link = "/run", .type = '2'})
             .file("var/run/pid", "1")
             .add({.path = "hard", .link = "/run/pid", .type = '1'})
             .finish());
  EXPECT_EQ(read("run/pid"), "1");
  EXPECT_EQ(read("hard"), "1");
}

TEST_F(layer, nothing_reaches_out) {
  const tar_builder::member hostile[] = {{.path = "../canary", .content = "owned"},
                                         {.path = "a/../../canary", .content = "owned"},
                                         {.path = "x", .link = "../canary", .type = '1'},
                                         {.path = ".", .content = "x"},
                                         {.path = "./", .link = "/etc", .type = '2'},
                                         {.path = ".wh.."},
                                         {.path = "d/.wh...", .content = ""},
                                         {.path = ".wh."}};
  for (const auto& m : hostile) EXPECT_THROW(unpack(tar_builder().add(m).finish()), error) << m.path;
  // Through links: written, but inside the root.
  unpack(tar_builder().add({.path = "up", .link = "../..", .type = '2'}).file("up/canary", "inside").finish());
  EXPECT_EQ(read("canary"), "inside");
  unpack(tar_builder().add({.path = "l", .link = "../canary", .type = '2'}).file("l", "replaced").finish());
  EXPECT_EQ(read("l"), "replaced");
}

TEST_F(layer, directories_that_no_member_names_count_too) {
  pull_budget budget({.bytes = 1 << 20, .members = 100}), second({.bytes = 1 << 20, .members = 100});
  layer_writer writer(file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY),
                      file::open_at(dir.fd(), "root", O_RDONLY | O_DIRECTORY), budget);
  io::tar::reader reader(writer);
  std::string path;
  for (int i = 0; i < 99; ++i) path += "d/";
  EXPECT_NO_THROW(
      reader.feed(as_bytes(tar_builder().add({.path = "f", .content = "x", .pax = {{"path", path + "f"}}}).finish())));
  layer_writer another(file::open_at(dir.fd(), ".", O_RDONLY | O_DIRECTORY),
                       file::open_at(dir.fd(), "root", O_RDONLY | O_DIRECTORY), second);
  io::tar::reader again(another);
  try {
    again.feed(
        as_bytes(tar_builder().add({.path = "f", .content = "x", .pax = {{"path", "e/" + path + "f"}}}).finish()));
    ADD_FAILURE() << "not refused";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::exhausted);
  }
}

TEST_F(layer, attributes_meant_for_overlay_are_dropped) {
  unpack(tar_builder()
             .add({.path = "f",
                   .pax = {{"SCHILY.xattr.trusted.overlay.redirect", "/.."},
                           {"SCHILY.xattr.user.overlay.opaque", "y"},
                           {"SCHILY.xattr.user.ok", "1"}}})
             .add({.path = "fake", .type = '3'})
             .finish());
  char value[64];
  const std::string path = dir.path() + "/root/f";
  EXPECT_EQ(::getxattr(path.c_str(), "trusted.overlay.redirect", value, sizeof value), -1);
  EXPECT_EQ(::getxattr(path.c_str(), "user.overlay.opaque", value, sizeof value), -1);
  EXPECT_EQ(::getxattr(path.c_str(), "user.ok", value, sizeof value), 1);
  EXPECT_FALSE(exists("fake"));
}

}  // namespace
}  // namespace lxr::layer
