// SPDX-License-Identifier: Apache-2.0
#include "io/tar/reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <random>

#include "core/base/bytes.hpp"
#include "core/base/error.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::io::tar {
namespace {

using test::tar_builder;

struct collector final : sink {
  std::vector<std::string> members;
  std::string content;
  void begin(const entry& e) override {
    content.clear();
    members.push_back(std::to_string(static_cast<int>(e.type)) + "|" + e.path + "|" + e.link_target + "|" +
                      std::to_string(e.mode) + "|" + std::to_string(e.uid) + "|" + std::to_string(e.gid) + "|" +
                      std::to_string(e.mtime_seconds) + "." + std::to_string(e.mtime_nanoseconds) + "|" +
                      std::to_string(e.device_major) + ":" + std::to_string(e.device_minor));
    for (const auto& [k, v] : e.xattrs) members.back() += "|" + k + "=" + v;
  }
  void data(std::span<const std::byte> bytes) override { content += as_text(bytes); }
  void end() override { members.back() += "|" + content; }
};

std::vector<std::string> read_in_pieces(const std::string& archive, std::mt19937& dice) {
  collector c;
  reader r(c);
  std::string_view rest = archive;
  while (!rest.empty()) {
    const std::size_t size = std::min<std::size_t>(rest.size(), dice() % 3 == 0 ? dice() % 7 + 1 : dice() % 2000 + 1);
    r.feed(as_bytes(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  r.finish();
  return c.members;
}

std::string sample() {
  tar_builder b;
  b.directory("./").directory("etc/", 01777);
  b.add({.path = "etc/x", .content = "hello", .mode = 04755, .uid = 1000, .gid = 12});
  b.add({.path = "h", .link = "etc/x", .type = '1'}).add({.path = "s", .link = "/abs", .type = '2'});
  b.add({.path = "n", .type = '3', .major = 1, .minor = 3}).add({.path = "f", .type = '6'});
  b.add({.path = "short",
         .content = std::string(1024, 'z'),
         .pax = {{"path", std::string(300, 'p')},
                 {"mtime", "-15"},
                 {"uid", "3000000"},
                 {"SCHILY.xattr.user.k", std::string("v\0w", 3)}}});
  b.add({.path = "last", .content = std::string(513, 'q'), .pax = {{"mtime", "1234567890.123456789"}}});
  return b.finish();
}

TEST(tar_reader, reads_the_same_whatever_the_pieces) {
  std::mt19937 dice(7);
  const std::string archive = sample();
  const auto whole = [&] {
    collector c;
    reader r(c);
    r.feed(as_bytes(archive));
    r.finish();
    return c.members;
  }();
  ASSERT_EQ(whole.size(), 9u);
  EXPECT_NE(whole[7].find("|-15.0|"), std::string::npos) << whole[7];
  EXPECT_NE(whole[8].find("|1234567890.123456789|"), std::string::npos);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(read_in_pieces(archive, dice), whole);
}

TEST(tar_reader, agrees_with_libarchive) {
  const std::string archive = sample();
  collector ours;
  reader r(ours);
  r.feed(as_bytes(archive));
  struct archive* a = archive_read_new();
  archive_read_support_format_tar(a);
  ASSERT_EQ(archive_read_open_memory(a, archive.data(), archive.size()), ARCHIVE_OK);
  std::size_t i = 0;
  for (archive_entry* e = nullptr; archive_read_next_header(a, &e) == ARCHIVE_OK; ++i) {
    ASSERT_LT(i, ours.members.size());
    const char* link = archive_entry_hardlink(e) != nullptr ? archive_entry_hardlink(e) : archive_entry_symlink(e);
    const std::string theirs = std::string("|") + archive_entry_pathname(e) + "|" + (link != nullptr ? link : "") +
                               "|" + std::to_string(archive_entry_perm(e)) + "|" +
                               std::to_string(archive_entry_uid(e)) + "|" + std::to_string(archive_entry_gid(e)) + "|" +
                               std::to_string(archive_entry_mtime(e)) + "." +
                               std::to_string(archive_entry_mtime_nsec(e));
    EXPECT_EQ(ours.members[i].substr(1, theirs.size()), theirs);
  }
  EXPECT_EQ(i, ours.members.size());
  archive_read_free(a);
}

void feed_all(const std::string& archive) {
  collector c;
  reader r(c);
  r.feed(as_bytes(archive));
  r.finish();
}

TEST(tar_reader, refuses_what_is_broken) {
  const std::string good = tar_builder().file("a", std::string(2000, 'x')).finish();
  EXPECT_NO_THROW(feed_all(good));
  EXPECT_THROW(feed_all(good.substr(0, 1000)), error);  // in the middle of the data
  EXPECT_THROW(feed_all(good.substr(0, 100)), error);   // in the middle of the header
  std::string flipped = good;
  flipped[3] ^= 1;
  EXPECT_THROW(feed_all(flipped), error);
  EXPECT_THROW(feed_all(tar_builder().add({.path = "a", .pax = {{"size", "x"}}}).finish()), error);
}

TEST(tar_reader, rounds_negative_times_down) {
  collector c;
  reader r(c);
  r.feed(as_bytes(tar_builder().add({.path = "a", .pax = {{"mtime", "-1.5"}}}).finish()));
  EXPECT_NE(c.members.at(0).find("|-2.500000000|"), std::string::npos) << c.members[0];
}

TEST(tar_reader, accepts_an_archive_without_its_end_marks) {
  EXPECT_NO_THROW(feed_all(tar_builder().file("a", "x").unfinished()));
  EXPECT_NO_THROW(feed_all(""));
}

// issue 11, 2.13: an empty value takes back what a global header said (POSIX, pax), and is no broken number.
TEST(tar_reader, pax_records_with_empty_values_leave_the_header_as_it_is) {
  tar_builder b;
  b.add({.path = "all",
         .content = "abc",
         .uid = 7,
         .gid = 8,
         .mtime = 12345,
         .pax = {{"path", ""},
                 {"linkpath", ""},
                 {"size", ""},
                 {"uid", ""},
                 {"gid", ""},
                 {"mtime", ""},
                 {"atime", ""},
                 {"GNU.sparse.size", ""},
                 {"SCHILY.xattr.user.empty", ""}}});
  std::mt19937 dice(3);
  EXPECT_EQ(read_in_pieces(b.finish(), dice), std::vector<std::string>{"0|all||420|7|8|12345.0|0:0|user.empty=|abc"});
}

}  // namespace
}  // namespace lxr::io::tar
