// SPDX-License-Identifier: Apache-2.0
// Images that attack whoever pulls and runs them (security-cases.md, 65 and 66), or that a careless tool made; through
// both store drivers.
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

class hostile_images : public installation, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { set_variable("LXR_STORE_DRIVER", GetParam()); }

  static tar_builder base() {
    tar_builder b;
    for (const char* directory : {"bin", "etc", "dev", "proc", "sys", "tmp"}) b.directory(directory);
    b.add({.path = "bin/busybox", .content = *file::read_at(AT_FDCWD, "/bin/busybox", 16 << 20), .mode = 0755})
        .add({.path = "bin/sh", .link = "busybox", .type = '2'});
    return b;
  }
  // Publishes an image of these layers; returns its name.
  std::string image(const std::vector<std::string>& tars, const std::string& name = "app") {
    std::vector<registry_imposter::layer> layers;
    for (const std::string& tar : tars) layers.push_back({gzip(tar), sha256_of(tar)});
    published_ = server_.publish_image(name, layers);
    return server_.host() + "/" + name;
  }
  int asked_for(const std::string& path) {
    int times = 0;
    for (const auto& r : server_.requests()) times += r.path == path && r.method == "GET" ? 1 : 0;
    return times;
  }
  void expect_nothing_kept() const {
    for (const char* place : {"layers", "images", "refs", "ingest"})
      EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/" + place).empty()) << place;
  }

  registry_imposter server_;
  registry_imposter::published published_;
};

// issue 11, 2.1
TEST_P(hostile_images, the_same_layer_twice_starts) {
  tar_builder added, hiding;
  added.file("etc/a", "first").file("etc/.wh.b", "").directory("opt", 0711);
  hiding.file("etc/.wh.a", "").file("etc/b", "second").file("etc/c", "c");
  const std::string name = image({base().finish(), added.finish(), hiding.finish(), added.finish()});
  const outcome o = lxr({"run", "-q", "--rm", "--network", "none", name, "/bin/sh", "-c",
                         "busybox cat /etc/a /etc/c; busybox ls /etc; busybox stat -c %a /opt"});
  EXPECT_EQ(o.code, 0) << o.err;
  EXPECT_EQ(o.out, "firstca\nc\nhostname\nhosts\nresolv.conf\n711\n");
  EXPECT_EQ(lxr({"system", "check"}).code, 0);
}

TEST_P(hostile_images, layers_that_are_empty_and_the_same_start) {
  const std::string empty(1024, '\0'), longer(10240, '\0');
  const std::vector<registry_imposter::layer> layers{
      {gzip(base().finish()), sha256_of(base().finish())},
      {gzip(empty), sha256_of(empty)},
      {empty, sha256_of(empty), "application/vnd.oci.image.layer.v1.tar"},
      {gzip(longer), sha256_of(longer)},
      {gzip(empty), sha256_of(empty)}};
  server_.publish_image("app", layers);
  const outcome o =
      lxr({"run", "-q", "--rm", "--network", "none", server_.host() + "/app", "/bin/busybox", "echo", "started"});
  EXPECT_EQ(o.out, "started\n") << o.err;
  EXPECT_EQ(lxr({"system", "check"}).code, 0);
}

// issue 11, 2.14
TEST_P(hostile_images, users_are_not_found_in_files_that_a_layer_deletes) {
  const std::string passwd = "boss:x:0:0::/:/bin/sh\n", group = "boss:x:0:\n";
  const std::string below = base().file("etc/passwd", passwd).file("etc/group", group).finish();
  const std::vector<std::pair<std::string, std::string>> deleting{
      {"directory", tar_builder().file(".wh.etc", "").finish()},
      {"file", tar_builder().file("etc/.wh.passwd", "").finish()},
      {"opaque", tar_builder().directory("etc").file("etc/.wh..wh..opq", "").finish()},
      {"link", tar_builder().file(".wh.etc", "").add({.path = "etc", .link = "tmp", .type = '2'}).finish()}};
  EXPECT_EQ(lxr({"run", "-q", "--rm", "--network", "none", "--user", "boss",
                 image({below, tar_builder().file("x", "").finish()}, "good"), "/bin/busybox", "id", "-u"})
                .out,
            "0\n");
  for (const auto& [how, upper] : deleting) {
    const outcome o = lxr({"run", "-q", "--rm", "--network", "none", "--user", "boss", image({below, upper}, how),
                           "/bin/busybox", "id", "-u"});
    EXPECT_EQ(o.code, 125) << how;
    EXPECT_EQ(o.out, "") << how;
    EXPECT_NE(o.err.find("no user boss"), std::string::npos) << how << ": " << o.err;
  }
  // A file behind a link of another layer is found, as in the container.
  const std::string linked = tar_builder()
                                 .file("etc/.wh.passwd", "")
                                 .add({.path = "etc/passwd", .link = "../opt/users", .type = '2'})
                                 .file("opt/users", "guest:x:5:6::/:/bin/sh\n")
                                 .finish();
  EXPECT_EQ(lxr({"run", "-q", "--rm", "--network", "none", "--user", "guest", image({below, linked}, "linked"),
                 "/bin/busybox", "id", "-u"})
                .out,
            "5\n");
}

TEST_P(hostile_images, devices_and_fifos_of_an_image_are_not_opened) {
  for (const char type : {'3', '6'}) {
    const std::string name = image({base()
                                        .add({.path = "etc/passwd",
                                              .type = type,
                                              .mode = 0666,
                                              .major = type == '3' ? 1u : 0u,
                                              .minor = type == '3' ? 5u : 0u})
                                        .finish()},
                                   std::string("type") + type);
    must({"pull", "-q", name});
    const unique_fd events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    for (const std::string& layer : file::list_at(AT_FDCWD, root_ + "/layers"))
      ::inotify_add_watch(events.get(), (root_ + "/layers/" + layer + "/root/etc/passwd").c_str(), IN_OPEN);
    const outcome o =
        lxr({"run", "-q", "--rm", "--network", "none", "--user", "boss", name, "/bin/busybox", "id", "-u"});
    EXPECT_EQ(o.code, 125);
    EXPECT_NE(o.err.find("it is not a regular file"), std::string::npos) << o.err;
    char told[4096];
    EXPECT_LT(::read(events.get(), told, sizeof told), 0) << "it was opened";
  }
}

// issue 11, 2.15
TEST_P(hostile_images, a_tar_that_nobody_can_read_is_fetched_once) {
  for (const char type : {'V', 'M', 'Z'}) {
    const std::string name =
        image({base().add({.path = "odd", .type = type}).finish()}, "type-" + std::to_string(type));
    const outcome o = lxr({"pull", "-q", name});
    EXPECT_EQ(o.code, 125);
    EXPECT_NE(o.err.find(std::string("its type '") + type + "' is not supported"), std::string::npos) << o.err;
    EXPECT_EQ(asked_for(published_.layer_path), 1);
  }
  expect_nothing_kept();
}

// issue 11, 2.11
TEST_P(hostile_images, layers_are_unpacked_as_what_they_are_whatever_the_manifest_says) {
  const std::string tar = base().finish(), packed = gzip(tar);
  const auto start = [&](const std::string& name, const std::string& blob, const std::string& type) {
    server_.publish_image(name, {{blob, sha256_of(tar), "application/vnd.oci.image.layer.v1." + type}});
    const outcome o =
        lxr({"run", "-q", "--rm", "--network", "none", server_.host() + "/" + name, "/bin/busybox", "echo", "started"});
    must({"system", "prune", "-af"});
    return o;
  };
  for (const char* type : {"tar", "tar+gzip", "tar+zstd"}) {
    EXPECT_EQ(start("plain", tar, type).out, "started\n") << type;
    EXPECT_EQ(start("packed", packed, type).out, "started\n") << type;
    EXPECT_EQ(start("padded", packed + std::string(5000, '\0'), type).out, "started\n") << type;
  }
  EXPECT_NE(start("signed", packed + "-----BEGIN PGP SIGNATURE-----", "tar+gzip")
                .err.find("there are other bytes behind its end"),
            std::string::npos);
  EXPECT_NE(start("bzip2", "BZh91AY&SY" + std::string(1000, 'x'), "tar+gzip").err.find("it is compressed with bzip2"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(through, hostile_images, testing::Values("directories", "erofs"),
                         [](const auto& driver) { return std::string(driver.param); });

using store_place = installation;

// issue 11, 2.15: said before anything is pulled, and not when a container starts.
TEST_F(store_place, on_overlayfs_is_refused_with_a_way_out) {
  registry_imposter server;
  server.publish(tar_builder().file("f", "f").finish(), gzip(tar_builder().file("f", "f").finish()));
  for (const char* driver : {"", "directories", "erofs"}) {
    const outcome o = run_program({"/usr/bin/unshare", "-m", "/bin/sh", "-ec",
                                   "cd " + dir_.path() +
                                       "; mkdir -p lower upper work merged; mount -t overlay -o "
                                       "lowerdir=lower,upperdir=upper,workdir=work none merged; LXR_STORE_DRIVER=" +
                                       driver + " exec " + program_path("lxr") + " --root " + dir_.path() +
                                       "/merged/store pull -q " + server.host() + "/app"},
                                  {}, environment());
    EXPECT_EQ(o.code, 125);
    EXPECT_NE(o.err.find("it lies on overlayfs"), std::string::npos) << o.err;
    EXPECT_NE(o.err.find("--root DIR"), std::string::npos) << o.err;
  }
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace lxr::test
