// SPDX-License-Identifier: Apache-2.0
// The two store drivers against each other: whatever a tar holds, both show the same tree or both refuse it.
#include "pipeline/layer/layer_index.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "tests/support/store_drivers.hpp"
#include "tests/support/tar_builder.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::layer {
namespace {

using test::by_directories;
using test::by_erofs;
using test::description;
using test::tar_builder;

void expect_same(const std::string& archive, const std::string& what) {
  const description theirs = by_directories(archive), ours = by_erofs(archive);
  ASSERT_EQ(theirs.has_value(), ours.has_value()) << what;
  if (!theirs) return;
  for (const auto& [name, line] : *theirs) {
    const auto found = ours->find(name);
    ASSERT_NE(found, ours->end()) << what << ": " << name << " is missing";
    EXPECT_EQ(found->second, line) << what << ": " << name;
  }
  EXPECT_EQ(ours->size(), theirs->size()) << what;
}

TEST(store_drivers, agree_on_every_kind_of_member) {
  tar_builder b;
  b.directory("d")
      .file("d/empty", "")
      .file("d/one", "1")
      .file("d/block", std::string(512, 'b'))
      .file("d/more", std::string(5000, 'm'));
  b.file("large", std::string(3'000'000, 'l'))
      .add({.path = "fifo", .type = '6'})
      .add({.path = "null", .type = '3', .major = 1, .minor = 3});
  b.add({.path = "disk", .type = '4', .major = 259, .minor = 70000})
      .add({.path = "hard", .link = "d/one", .type = '1'});
  b.add({.path = "short", .link = "d/one", .type = '2'})
      .add({.path = "long", .link = std::string(600, 'x'), .type = '2'});
  b.add({.path = "suid", .content = "s", .mode = 04755, .uid = 1000, .gid = 2000, .mtime = 12345});
  b.add({.path = "attributes",
         .content = "a",
         .pax = {{"SCHILY.xattr.user.test", "hello"}, {"SCHILY.xattr.user.other", std::string(700, 'o')}}});
  b.add({.path = "times", .content = "t", .pax = {{"mtime", "-1.5"}}})
      .add({.path = "owner", .content = "o", .pax = {{"uid", "3000000"}, {"gid", "4000000"}}});
  b.directory("sticky", 01777);
  expect_same(b.finish(), "kinds");
}

TEST(store_drivers, agree_on_large_directories_and_names_of_every_kind) {
  tar_builder b;
  for (int i = 0; i < 3000; ++i)
    b.file("many/" + std::to_string(i * 7919 % 3001) + std::string(static_cast<std::size_t>(i % 90), 'n'),
           std::to_string(i));
  for (const std::string name : {"!before dot", "-", ".hidden", "..two", "\xff\xfe", "a\nb", "\xc3\xbc"})
    b.file("odd/" + name, name);
  b.file("odd/" + std::string(99, 'z') + "/" + std::string(99, 'y'), "deep");
  expect_same(b.finish(), "names");
}

TEST(store_drivers, agree_on_whiteouts_replacements_and_links_in_parents) {
  tar_builder b;
  b.directory("usr").directory("usr/lib").add({.path = "lib", .link = "usr/lib", .type = '2'}).file("lib/through", "1");
  b.add({.path = "abs", .link = "/usr/../usr/lib", .type = '2'})
      .file("abs/absolute", "2")
      .add({.path = "up", .link = "../../../..", .type = '2'});
  b.file("up/escaped", "3")
      .file(".wh.gone", "")
      .directory("kept")
      .file(".wh.kept", "")
      .directory("opaque")
      .file("opaque/.wh..wh..opq", "");
  b.file(".wh.back", "")
      .directory("back")
      .file("twice", "1")
      .file("twice", "22")
      .directory("was", 0700)
      .file("was/in", "x")
      .file("was", "now a file");
  b.file("file", "f").directory("file").file("a/b/c/implied", "i").file(".wh..wh.aufs", "");
  b.add({.path = "linked", .link = "lib/through", .type = '1'}).file("lib/through", "replaced").directory("usr", 0711);
  expect_same(b.finish(), "rules");
}

// What a fuzzer found.
TEST(store_drivers, agree_on_links_that_lead_through_what_is_missing) {
  tar_builder circle, slash, inherits;
  circle.add({.path = "a", .link = "/./b/../a/", .type = '2'}).file("a/a/x", "");
  EXPECT_FALSE(by_directories(circle.finish()));
  EXPECT_FALSE(by_erofs(circle.finish()));
  slash.add({.path = "a", .link = "b/b/./", .type = '2'}).directory("a/c").file("a/c/x", "x");
  expect_same(slash.finish(), "slash");
  inherits.directory("a", 02755).add({.path = "a", .type = '5', .mode = 02755, .gid = 7}).file("a/implied/x", "x");
  expect_same(inherits.finish(), "set-group-id");
}

TEST(store_drivers, refuse_the_same_archives) {
  for (const tar_builder::member& bad : std::initializer_list<tar_builder::member>{
           {.path = "../out", .content = "x"},
           {.path = "f/below", .content = "x"},
           {.path = "h", .link = "nothing", .type = '1'},
           {.path = "h", .link = "d", .type = '1'},
           {.path = ".wh.", .content = ""},
           {.path = "loop/x", .content = "x"},
           {.path = std::string(90, 'p') + std::string(200, 'q'), .pax = {{"path", std::string(256, 'n')}}}}) {
    tar_builder b;
    b.directory("d").file("f", "f").add({.path = "loop", .link = "loop", .type = '2'}).add(bad);
    EXPECT_FALSE(by_directories(b.finish())) << bad.path;
    EXPECT_FALSE(by_erofs(b.finish())) << bad.path;
  }
}

// issue 11, 2.13
TEST(store_drivers, agree_on_paths_with_dots_that_stay_inside) {
  tar_builder clean;
  clean.directory("a")
      .file("a/../b", "b")
      .file("x/../missing/./../c", "c")
      .add({.path = "hard", .link = "a/../b", .type = '1'})
      .directory("a/..", 0711);
  expect_same(clean.finish(), "dots");
  const description seen = by_erofs(clean.finish());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->size(), 4u);  // a b c hard
  for (const char* out : {"..", "a/../..", "../a", "/../a", "a/../../b"}) {
    EXPECT_FALSE(by_directories(tar_builder().file(out, "x").finish()).has_value()) << out;
    EXPECT_FALSE(by_erofs(tar_builder().file(out, "x").finish()).has_value()) << out;
  }
}

TEST(store_drivers, refuse_the_same_numbers_attributes_and_links) {
  const auto expect_refused = [](const tar_builder& b, const char* what) {
    EXPECT_FALSE(by_directories(b.finish()).has_value()) << what;
    EXPECT_FALSE(by_erofs(b.finish()).has_value()) << what;
  };
  expect_refused(tar_builder().add({.path = "d", .type = '3', .major = 4096, .minor = 1}), "major");
  expect_refused(tar_builder().add({.path = "d", .type = '4', .major = 1, .minor = 1u << 20}), "minor");
  expect_refused(tar_builder().add({.path = "f", .pax = {{"SCHILY.xattr.user.", "v"}}}), "attribute without a name");
  expect_refused(tar_builder().add({.path = "f", .pax = {{"SCHILY.xattr.user." + std::string(251, 'n'), "v"}}}),
                 "long name");
  expect_refused(tar_builder().add({.path = "f", .pax = {{"SCHILY.xattr.user.large", std::string(4000, 'v')}}}),
                 "large value");
  expect_refused(tar_builder().add({.path = "f",
                                    .pax = {{"SCHILY.xattr.user.a", std::string(2000, 'v')},
                                            {"SCHILY.xattr.user.b", std::string(2000, 'v')}}}),
                 "large values");
  tar_builder most;
  most.add({.path = "d", .type = '3', .major = 4095, .minor = (1u << 20) - 1})
      .add({.path = "f",
            .pax = {{"SCHILY.xattr.user.large", std::string(3950, 'v')},
                    {"SCHILY.xattr.trusted.x", std::string(5000, 'v')}}});
  expect_same(most.finish(), "as much as there may be");
  tar_builder links;
  links.file("f", "f");
  for (int i = 1; i < 65'000; ++i) links.add({.path = std::to_string(i), .link = "f", .type = '1'});
  EXPECT_TRUE(by_erofs(links.finish()).has_value());
  EXPECT_TRUE(by_directories(links.finish()).has_value());
  links.add({.path = "one-more", .link = "f", .type = '1'});
  expect_refused(links, "links");
}

// issue 11, 3.13
TEST(store_drivers, leave_out_what_aufs_wrote_for_itself) {
  tar_builder b;
  b.directory(".wh..wh.plnk")
      .file(".wh..wh.plnk/12.3", "x")
      .file(".wh..wh.aufs", "")
      .directory(".wh..wh.orph")
      .directory("d")
      .file("d/.wh..wh.other/deep/file", "x")
      .file("d/f", "f");
  b.add({.path = ".wh..wh.plnk/45.6", .type = '5'}).file("d/.wh..wh..opq", "").file("e/.wh..wh..opq/x", "x");
  expect_same(b.finish(), "aufs");
  const description seen = by_erofs(b.finish());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->size(), 2u);  // d d/f
}

// GNU tar's own archives of a file with holes, in each of its forms.
TEST(store_drivers, agree_on_sparse_files) {
  const test::temp_directory dir;
  {
    const unique_fd fd = file::open_at(dir.fd(), "holes", O_RDWR | O_CREAT, 0644);
    for (int i = 0; i < 60; ++i) {
      const std::string piece(4096u * static_cast<unsigned>(1 + i % 3), static_cast<char>('a' + i % 26));
      ASSERT_EQ(::pwrite(fd.get(), piece.data(), piece.size(), static_cast<off_t>(i) * 65536),
                static_cast<ssize_t>(piece.size()));
    }
    ASSERT_EQ(::pwrite(fd.get(), "end", 3, 5'000'000), 3);
    ASSERT_EQ(::ftruncate(fd.get(), 6'000'001), 0);
    const unique_fd empty = file::open_at(dir.fd(), "only-a-hole", O_RDWR | O_CREAT, 0644);
    ASSERT_EQ(::ftruncate(empty.get(), 3'000'000), 0);
  }
  file::replace_at(dir.fd(), "plain", "behind", 0644);
  const std::string whole = *file::read_at(dir.fd(), "holes", 8u << 20);
  for (const char* form : {"--format=gnu", "--format=pax --sparse-version=0.0", "--format=pax --sparse-version=0.1",
                           "--format=pax --sparse-version=1.0"}) {
    ASSERT_EQ(
        std::system(
            ("tar -C " + dir.path() + " -S " + form + " -cf " + dir.path() + "/tar holes only-a-hole plain").c_str()),
        0);
    const std::string archive = *file::read_at(dir.fd(), "tar", 8u << 20);
    EXPECT_LT(archive.size(), 2'000'000u);
    expect_same(archive, form);
    const description seen = by_erofs(archive);
    ASSERT_TRUE(seen) << form;
    EXPECT_NE(seen->at("holes").find(" " + std::to_string(std::hash<std::string>{}(whole))), std::string::npos) << form;
    EXPECT_NE(seen->at("plain").find("size 6"), std::string::npos) << form;
  }
}

TEST(store_drivers, refuse_sparse_files_that_lie) {
  for (const std::map<std::string, std::string>& lie : std::initializer_list<std::map<std::string, std::string>>{
           {{"GNU.sparse.size", "9223372036854775807"}, {"GNU.sparse.map", "0,512"}},
           {{"GNU.sparse.size", "100"}, {"GNU.sparse.map", "0,512"}},
           {{"GNU.sparse.size", "4096"}, {"GNU.sparse.map", "512,512,0,0"}},
           {{"GNU.sparse.size", "4096"}, {"GNU.sparse.map", "0,1024"}},
           {{"GNU.sparse.size", "4096"}, {"GNU.sparse.map", "0,512,"}, {"GNU.sparse.realsize", "x"}},
           {{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.realsize", "4096"}}}) {
    tar_builder b;
    b.add({.path = "s", .content = std::string(512, 's'), .pax = lie});
    EXPECT_FALSE(by_directories(b.finish()));
    EXPECT_FALSE(by_erofs(b.finish()));
  }
}

TEST(store_drivers, agree_on_random_archives) {
  std::mt19937 dice(20261123);
  const auto pick = [&dice](unsigned n) { return static_cast<unsigned>(dice() % n); };
  const std::vector<std::string> names{"a", "b", "c", "d", ".wh.a", ".wh.b", ".wh..wh..opq"};
  const auto path = [&] {
    std::string out;
    for (unsigned i = 0, depth = 1 + pick(3); i < depth; ++i)
      out += (i > 0 ? "/" : "") + names[pick(i + 1 == depth ? 7 : 4)];
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    tar_builder b;
    for (unsigned i = 0, count = 1 + pick(14); i < count; ++i) {
      tar_builder::member m{
          .path = path(), .mode = pick(01000), .uid = pick(3), .gid = pick(3), .mtime = 1'000'000'000 + pick(1000)};
      const bool mark = m.path.find(".wh.") != std::string::npos;
      m.type = mark ? '0' : "00055521346"[pick(11)];
      if (m.type == '0' && !mark) m.content = std::string(pick(3000), static_cast<char>('a' + pick(26)));
      if (m.type == '2') m.link = pick(2) == 0 ? "/" + names[pick(4)] : names[pick(4)];
      if (m.type == '1') m.link = names[pick(4)];
      if (m.type == '3' || m.type == '4') m.major = 1, m.minor = pick(9);
      b.add(m);
    }
    expect_same(b.finish(), "round " + std::to_string(round));
    if (HasFailure()) break;
  }
}

TEST(store_drivers, agree_on_parents_behind_links_through_what_is_missing) {
  tar_builder b;
  b.add({.path = "b", .link = "../ab/a/none", .type = '2'})
      .add({.path = "a", .link = "b/../a/x/", .type = '2'})
      .file("a/a/below", "1");
  b.add({.path = "up", .link = "nowhere/../../b", .type = '2'}).file("up/two", "2");
  expect_same(b.finish(), "dots behind links");
  EXPECT_TRUE(by_directories(b.finish())->contains("ab/a/a/x/a/below"));
}

TEST(store_drivers, refuse_a_hard_link_to_what_it_takes_the_place_of) {
  for (const char* target : {"b/b", "b/link/c", "b/d/e"}) {
    tar_builder b;
    b.file("b/b", "b")
        .add({.path = "b/link", .link = "d", .type = '2'})
        .file("b/d/c", "c")
        .file("b/d/e", "e")
        .add({.path = "b", .link = target, .type = '1'});
    EXPECT_FALSE(by_directories(b.finish()).has_value()) << target;
    EXPECT_FALSE(by_erofs(b.finish()).has_value()) << target;
  }
}

TEST(store_drivers, agree_on_a_layer_that_hides_all_below) {
  tar_builder base, hiding, top;
  base.directory("d").file("d/x", "x").file("f", "f");
  hiding.file(".wh..wh..opq", "").file("d2/y", "y");
  const std::vector<std::string> archives{base.finish(), hiding.finish(), top.finish()};
  const auto trees = test::image_by_directories(archives), indexes = test::image_by_erofs(archives);
  ASSERT_TRUE(trees && indexes);
  EXPECT_EQ(trees->size(), 2u);
  EXPECT_EQ(*trees, *indexes);
}

// A whiteout first, as the format wants it, and then members of a directory of that name, which nobody names.
TEST(store_drivers, agree_on_parents_that_the_layer_hides_first) {
  tar_builder base, top;
  base.directory("d", 0700).file("d/old", "o").file("f", "f");
  top.file(".wh.d", "").file("d/new", "n").file(".wh.f", "").file("f/sub/deep", "d");
  const std::vector<std::string> archives{base.finish(), top.finish()};
  const auto trees = test::image_by_directories(archives), indexes = test::image_by_erofs(archives);
  ASSERT_TRUE(trees && indexes);
  EXPECT_EQ(trees->size(), 5u);
  EXPECT_FALSE(trees->contains("d/old"));
  EXPECT_EQ(trees->at("d").substr(0, 5), "16877");  // 040755
  EXPECT_EQ(*trees, *indexes);
}

TEST(store_drivers, agree_on_layers_over_each_other) {
  tar_builder base, middle, top;
  base.directory("d", 0700)
      .file("d/1", "1")
      .file("d/2", "2")
      .add({.path = "l", .link = "/d", .type = '2'})
      .file("f", "f")
      .directory("gone/deep", 0711);
  middle.file("l/3", "3")
      .file("l/.wh.1", "")
      .file("only/.wh.here", "")
      .file("only/x", "x")
      .file("f/below", "b")
      .file("gone/.wh.deep", "");
  top.file("d/4", "4")
      .add({.path = "l/hard", .link = "d/4", .type = '1'})
      .file("only/y/.wh..wh..opq", "")
      .file("gone/deep/again", "a");
  const std::vector<std::string> archives{base.finish(), middle.finish(), top.finish()};
  auto trees = test::image_by_directories(archives), indexes = test::image_by_erofs(archives);
  ASSERT_TRUE(trees && indexes);
  EXPECT_EQ(trees->size(), 14u);
  for (auto* shown : {&trees, &indexes}) {
    for (auto& [name, line] : **shown)
      line = line.substr(0, line.find(" links ")) + line.substr(std::min(line.find(" size "), line.size()));
  }
  EXPECT_EQ(*trees, *indexes);
}

}  // namespace
}  // namespace lxr::layer
