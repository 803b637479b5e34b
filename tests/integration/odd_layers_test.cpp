// SPDX-License-Identifier: Apache-2.0
// Layers as nobody should make them, and as some do: what is hostile is refused and leaves nothing, what is odd works,
// through both store drivers, and is what umoci makes of it.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "core/base/file.hpp"
#include "core/instance/paths.hpp"
#include "tests/integration/trees.hpp"
#include "tests/support/image_layout.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

std::string random_bytes(std::size_t size) {
  std::string out;
  for (std::mt19937_64 dice(size); out.size() < size;) {
    const std::uint64_t more = dice();
    out.append(reinterpret_cast<const char*>(&more), sizeof more);
  }
  return out;
}

class odd_layers : public trees {
 protected:
  void SetUp() override {
    trees::SetUp();
    file::replace_at(AT_FDCWD, canary(), "untouched", 0600);
  }
  void TearDown() override {
    EXPECT_EQ(file::read_at(AT_FDCWD, canary()), "untouched");
    struct stat st{};
    ASSERT_EQ(::stat(canary().c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 07777, 0600u);
    EXPECT_EQ(st.st_nlink, 1u);
    check_indexes();
    trees::TearDown();
  }
  [[nodiscard]] std::string canary() const { return dir_.path() + "/canary"; }

  // Writes an OCI image layout with one image; returns its reference.
  std::string layout_of(const std::string& name, const std::vector<std::string>& tars) {
    return write_layout(dir_.path() + "/" + name, tars);
  }

  void expect_as_umoci(const std::string& name, const std::vector<std::string>& tars, bool directory_times = true) {
    SCOPED_TRACE(name);
    const std::string image = layout_of(name, tars);
    must({"pull", "-q", image});
    compare(dir_.path() + "/" + name, "odd", image, directory_times);
    run_program({"/bin/rm", "-rf", dir_.path() + "/bundle", dir_.path() + "/merged"});
  }

  void expect_refused(const std::string& name, const std::string& tar) {
    SCOPED_TRACE(name);
    const outcome o = lxr({"pull", "-q", layout_of(name, {tar})});
    EXPECT_EQ(o.code, 125) << o.err;
    EXPECT_NE(o.err.find("lxr: cannot "), std::string::npos) << o.err;
    for (const char* place : {"layers", "images", "refs", "ingest"})
      EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/" + place).empty()) << place;
  }
};

TEST_P(odd_layers, legitimate_ones_are_what_umoci_makes_of_them) {
  tar_builder spelled;
  spelled.directory("./")
      .directory("./etc/")
      .file("/etc/absolute", "1")
      .file("./etc//double", "2")
      .directory("usr/")
      .directory("usr/lib/");
  spelled.add({.path = "lib", .link = "usr/lib", .type = '2'})
      .file("lib/through", "3")
      .add({.path = "./hard", .link = "/etc/absolute", .type = '1'});
  spelled.add({.path = "hard2", .link = "./etc/double", .type = '1'})
      .file("etc/" + std::string(90, 'n'), "long")
      .directory("empty");
  spelled.file("etc/../dotted", "4").add({.path = "usr/../hard3", .link = "etc/.././dotted", .type = '1'});
  expect_as_umoci("spelled", {spelled.finish()});

  tar_builder kinds;
  kinds.directory("d", 01777)
      .add({.path = "d/fifo", .type = '6'})
      .add({.path = "d/zero", .type = '3', .mode = 0666, .major = 1, .minor = 5});
  kinds.add({.path = "d/disk", .type = '4', .mode = 0660, .gid = 6, .major = 259, .minor = 3})
      .add({.path = "d/suid", .content = "s", .mode = 06755});
  kinds.add({.path = "d/old", .content = "o", .pax = {{"mtime", "-1.5"}}})
      .add({.path = "d/owner", .content = "o", .pax = {{"uid", "3000000"}, {"gid", "4000000"}}});
  kinds.add({.path = "d/abs", .link = "/nowhere", .type = '2'})
      .add({.path = "d/name", .content = "n", .pax = {{"path", "d/" + std::string(255, 'x')}}});
  kinds.add({.path = "d/loop", .link = "loop", .type = '2'}).file("d/\xff\xfe bytes", "b").file("d/new\nline", "n");
  expect_as_umoci("kinds", {kinds.finish()});

  tar_builder below, above;
  below.directory("a")
      .file("a/1", "1")
      .file("a/2", "2")
      .directory("gone")
      .file("gone/x", "x")
      .directory("opaque")
      .file("opaque/old", "o");
  below.file("file-to-directory", "f")
      .directory("directory-to-file")
      .file("directory-to-file/x", "x")
      .file("replaced", "old");
  above.directory("a")
      .file("a/.wh.1", "")
      .file("a/3", "3")
      .file(".wh.gone", "")
      .directory("opaque")
      .file("opaque/new", "n")
      .file("opaque/.wh..wh..opq", "");
  above.directory("file-to-directory")
      .file("file-to-directory/y", "y")
      .file("directory-to-file", "f")
      .file("replaced", "new")
      .file(".wh.never-there", "");
  tar_builder third;
  third.directory("gone").file("gone/back", "b").directory("opaque", 0700).file("opaque/.wh.new", "");
  expect_as_umoci("layered", {below.finish(), above.finish(), third.finish()});

  if (std::string(GetParam()) == "erofs") {
    EXPECT_GT(check_indexes(), 7u);
  }
}

// What overlayfs alone cannot show, as a layer hides what its paths only lead through: an index over all layers can, or
// a layer on top.
TEST_P(odd_layers, parents_that_only_lower_layers_name_stay_what_they_are) {
  tar_builder base, middle, top;
  base.directory("run", 0711)
      .directory("run/keep")
      .file("run/keep/k", "k")
      .directory("var")
      .add({.path = "var/run", .link = "/run", .type = '2'});
  base.directory("tmp", 01777)
      .add({.path = "home", .type = '5', .mode = 0750, .uid = 7, .gid = 8})
      .directory("gone")
      .file("gone/old", "o")
      .directory("bare");
  middle.file("var/run/app.pid", "1")
      .add({.path = "var/run/again", .link = "var/run/app.pid", .type = '1'})
      .file("tmp/x", "x")
      .file("home/user/profile", "p");
  middle.file("gone/.wh.old", "")
      .file("gone/new", "n")
      .file("bare/.wh..wh..opq", "")
      .add({.path = "var/run/keep/pipe", .type = '6', .mode = 0640, .gid = 6});
  top.file("var/run/.wh.app.pid", "")
      .file("var/run/keep/more", std::string(3000, 'm'))
      .add({.path = "var/run/link", .link = "app.pid", .type = '2'});
  expect_as_umoci("implied", {base.finish(), middle.finish(), top.finish()}, false);
  EXPECT_EQ(lxr({"system", "check"}).code, 0);
}

TEST_P(odd_layers, the_root_has_the_owner_and_mode_that_the_image_gives_it) {
  tar_builder base, top;
  base.add({.path = "./", .type = '5', .mode = 0711, .uid = 7}).directory("proc").directory("dev").directory("sys");
  base.add({.path = "bin/busybox", .content = *file::read_at(AT_FDCWD, "/bin/busybox", 16 << 20), .mode = 0755});
  top.file("etc/added", "a");
  const std::string image = layout_of("root", {base.finish(), top.finish()});
  must({"create", "--name", "c", "--network", "none", image, "/bin/busybox", "sleep", "1000"});
  must({"start", "c"});
  EXPECT_EQ(must({"exec", "c", "/bin/busybox", "stat", "-c", "%a %u", "/"}), "711 7\n");
  must({"exec", "c", "/bin/busybox", "chmod", "755", "/"});
  must({"stop", "-t", "0", "c"});
  must({"start", "c"});
  EXPECT_EQ(must({"exec", "c", "/bin/busybox", "stat", "-c", "%a %u", "/"}), "755 7\n");
  must({"rm", "-f", "c"});
}

// Also where one layer could not be indexed, so that the others are mounted for themselves.
TEST_P(odd_layers, parents_stay_what_they_are_between_layers_of_both_kinds) {
  tar_builder base, middle, top;
  base.directory("srv", 02770).add({.path = "web", .link = "srv", .type = '2'});
  middle.add({.path = "sparse",
              .content = std::string(600, 'o'),
              .pax = {{"GNU.sparse.numblocks", "1"}, {"GNU.sparse.size", "5000"}, {"GNU.sparse.map", "100,600"}}});
  top.file("web/index.html", std::string(70'000, 'i'))
      .add({.path = "web/again", .link = "web/index.html", .type = '1'});
  expect_as_umoci("mixed", {base.finish(), middle.finish(), top.finish()}, false);
  EXPECT_EQ(lxr({"system", "check"}).code, 0);
}

TEST_P(odd_layers, what_cannot_be_indexed_is_stored_as_files_whatever_its_name) {
  tar_builder b;
  b.add({.path = "caf\xe9",
         .content = std::string(600, 'o'),
         .pax = {{"GNU.sparse.size", "5000"}, {"GNU.sparse.map", "100,600"}}});
  const std::string small = b.finish();
  // Much of it is still on its way when the obstacle shows.
  for (int i = 0; i < 24; ++i) b.file("random-" + std::to_string(i), random_bytes(1 << 20));
  for (const auto& [name, tar] : {std::pair{"unaligned", small}, {"unaligned-large", b.finish()}}) {
    const outcome o = lxr({"pull", layout_of(name, {tar})});
    EXPECT_EQ(o.code, 0) << o.err;
    EXPECT_EQ(o.err.find("is stored as files") != std::string::npos, std::string(GetParam()) == "erofs") << o.err;
    EXPECT_EQ(lxr({"system", "check"}).code, 0);
  }
}

TEST_P(odd_layers, hostile_ones_are_refused_and_leave_nothing) {
  const std::vector<std::pair<const char*, tar_builder::member>> bad{
      {"dots", {.path = "../out", .content = "x"}},
      {"inner-dots", {.path = "a/../../out", .content = "x"}},
      {"link-out", {.path = "h", .link = "../../../../etc/passwd", .type = '1'}},
      {"link-to-nothing", {.path = "h", .link = "etc/shadow", .type = '1'}},
      {"root-is-a-link", {.path = "./", .link = "/", .type = '2'}},
      {"through-a-file", {.path = "f/below", .content = "x"}},
      {"bare-whiteout", {.path = "d/.wh.", .content = ""}},
      {"dots-whiteout", {.path = "d/.wh...", .content = ""}},
      {"long-path", {.path = "p", .content = "x", .pax = {{"path", std::string(5000, 'p')}}}},
      {"deep-path",
       {.path = "p",
        .content = "x",
        .pax = {{"path",
                 [] {
                   std::string s;
                   for (int i = 0; i < 100'000; ++i) s += "d/";
                   return s + "x";
                 }()}}}},
      {"size-lie", {.path = "p", .content = "x", .pax = {{"size", "9223372036854775807"}}}},
      {"huge-owner", {.path = "p", .content = "x", .pax = {{"uid", "99999999999"}}}},
      {"sparse-lie",
       {.path = "p", .content = "x", .pax = {{"GNU.sparse.size", "9223372036854775807"}, {"GNU.sparse.map", "0,1"}}}}};
  for (const auto& [name, member] : bad) {
    tar_builder b;
    b.directory("d").file("f", "f").add(member);
    expect_refused(name, b.finish());
  }
  expect_refused("truncated", tar_builder().file("f", std::string(100'000, 'f')).finish().substr(0, 50'000));
  expect_refused("garbage", "this is no archive " + std::string(2000, 'x'));
}

// Written through links, as far as they lead: never out of the layer.
TEST_P(odd_layers, links_that_lead_out_stay_inside) {
  tar_builder b;
  b.add({.path = "up", .link = "../../../../../../../.." + dir_.path(), .type = '2'}).file("up/canary", "overwritten");
  b.add({.path = "abs", .link = dir_.path(), .type = '2'}).file("abs/canary", "overwritten too");
  b.add({.path = "hard", .link = "abs/canary", .type = '1', .mode = 0777});
  must({"pull", "-q", layout_of("links", {b.finish()})});
}

INSTANTIATE_TEST_SUITE_P(through, odd_layers, testing::Values("directories", "erofs"),
                         [](const auto& driver) { return std::string(driver.param); });

// Issue 11, 1.1: what the kernel resolves with ".." it gives up whenever anything on the host is renamed or mounted.
TEST_P(odd_layers, links_through_dots_are_resolved_while_the_host_renames_and_mounts) {
  tar_builder b;
  b.directory("bin").directory("etc").directory("run").directory("run/systemd").directory("run/systemd/resolve");
  b.add({.path = "bin/true", .content = *file::read_at(AT_FDCWD, "/bin/busybox", 16 << 20), .mode = 0755});
  b.add({.path = "etc/resolv.conf", .link = "../run/systemd/resolve/stub-resolv.conf", .type = '2'});
  const std::string image = layout_of("dots", {b.finish()}), place = dir_.path() + "/renamed";
  must({"pull", "-q", image});
  file::make_directories(place + "/a/x");
  file::make_directories(place + "/b");
  const outcome o = run_program(
      {"/usr/bin/unshare", "-m", "/bin/bash", "-c",
       "(cd " + place + "; while :; do mv a/x b/x; mv b/x a/x; mount -t tmpfs none a; umount a; done) & loop=$!; " +
           program_path("lxr") + " batch -n 300 --rm --network none " + image +
           " true; code=$?; kill $loop; exit $code"},
      {}, environment());
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_NE(o.out.find("started 300 of 300"), std::string::npos) << o.out;
}

}  // namespace
}  // namespace lxr::test
