#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <fstream>
#include <thread>

#include "core/state/paths.hpp"
#include "io/mount/overlay.hpp"
#include "pipeline/image/store.hpp"
#include "tests/integration/support.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

using pull = installation;

// Every name below a directory with type, mode, owner, size, times, link target, device and attributes, sorted. Hard links
// by the names that share an inode.
constexpr const char* listing = R"(
cd "$1" && find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%s|%T@|%l\n' | sed -E 's/(\|d\|[^|]*\|[^|]*\|)[0-9]+/\1-/' | sort &&
find . -type f -links +1 -printf '%i %P\n' | sort | awk '{ i=$1; $1=""; n[i]=n[i] $0 } END { for (k in n) if (split(n[k], x) > 1) print "links" n[k] }' | sort &&
find . \( -type c -o -type b \) -exec stat -c '%n %t:%T' {} + | sort &&
find . -type f -exec getcap -n {} + 2>/dev/null | sort &&
find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
)";

std::string tree_of(const std::string& directory) {
  const outcome o = run_program({"/bin/bash", "-c", listing, "bash", directory});
  EXPECT_EQ(o.code, 0) << o.err;
  return o.out;
}


// Everything twice: through both store drivers.
class trees : public installation, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { environment_.push_back(std::string("LXR_STORE_DRIVER=") + GetParam()); }

  // What `command` prints in a mount namespace of its own, where the image's layers are mounted at `directory`, as containers get them.
  outcome with_mounted(const std::string& id, const std::string& directory, const std::vector<std::string>& command) {
    const instance where = instance::open(root_, state_);
    const image::store images(where);
    std::vector<unique_fd> layers = images.open_layers(images.load(id));
    file::make_directories(directory + "-nothing");
    layers.push_back(file::open_at(AT_FDCWD, directory + "-nothing", O_RDONLY | O_DIRECTORY));
    io::mount::overlay_layers lowers;
    for (const unique_fd& layer : layers) lowers.lowers.push_back(layer.get());
    const unique_fd root = io::mount::mount_overlay(lowers);
    outcome result;
    std::thread inside([&] {  // a thread may leave its process's mount namespace
      EXPECT_EQ(::unshare(CLONE_FS | CLONE_NEWNS), 0);
      EXPECT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
      EXPECT_EQ(::move_mount(root.get(), "", AT_FDCWD, directory.c_str(), MOVE_MOUNT_F_EMPTY_PATH), 0);
      result = run_program(command);
    });
    inside.join();
    return result;
  }

  // Unpacks with umoci from a layout, and lists what a container of the same image would see.
  void compare(const std::string& layout, const std::string& tag, const std::string& image) {
    const std::string bundle = dir_.path() + "/bundle";
    const outcome u = run_program({"/usr/bin/umoci", "unpack", "--image", layout + ":" + tag, bundle});
    ASSERT_EQ(u.code, 0) << u.err;
    const json::object i = json::parse(must({"inspect", image}), "image").as_array().at(0).as_object();
    const std::string merged = dir_.path() + "/merged";
    file::make_directories(merged);
    const outcome m = with_mounted(json::get_string(i, "Id").substr(7), merged, {"/bin/bash", "-c", listing, "bash", merged});
    ASSERT_EQ(m.code, 0) << m.err;
    EXPECT_GT(std::count(m.out.begin(), m.out.end(), '\n'), 100);
    const std::string wanted = tree_of(bundle + "/rootfs");
    if (m.out == wanted) return;
    std::ofstream(dir_.path() + "/ours") << m.out;
    std::ofstream(dir_.path() + "/theirs") << wanted;
    ADD_FAILURE() << run_program({"/bin/bash", "-c", "diff " + dir_.path() + "/ours " + dir_.path() + "/theirs | head -20"}).out;
  }
  const std::string fixture_ = std::string(LXR_BINARY_DIR) + "/fixture";
};

TEST_P(trees, the_small_image_is_what_umoci_makes_of_it) {
  must({"pull", "-q", small_});
  const outcome single = run_program({"/bin/bash", "-c", "test \"$(ls " + root_ + "/layers | wc -l)\" = 3"});
  EXPECT_EQ(single.code, 0);
  compare(fixture_ + "/small", "small", small_);
}

TEST_P(trees, the_golang_image_is_what_umoci_makes_of_it_and_go_runs) {
  const std::string golang = registry() + "/golang:latest";
  must({"pull", "-q", golang});
  compare(fixture_ + "/golang", "golang", golang);
  must({"create", "--name", "goCon", golang, "sleep", "1000"});
  must({"start", "goCon"});
  EXPECT_TRUE(must({"exec", "goCon", "go", "version"}).starts_with("go version go1."));
}

INSTANTIATE_TEST_SUITE_P(through, trees, testing::Values("directories", "erofs"), [](const auto& driver) { return std::string(driver.param); });

TEST_F(pull, layers_of_one_driver_stay_usable_with_the_other) {
  environment_.push_back("LXR_STORE_DRIVER=erofs");
  must({"pull", "-q", small_});
  environment_.back() = "LXR_STORE_DRIVER=directories";
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "cat", "/data/a-link"}), "a\n");
  must({"run", "-d", "--name", "writer", "--network", "none", small_, "sh", "-c", "echo more >>/etc/image; rm /data/b; sleep 1000"});
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "writer", "cat", "/etc/image"}).out == "small\nmore\n"; }));
  environment_.back() = "LXR_STORE_DRIVER=tape";
  const outcome o = lxr({"pull", "-q", registry() + "/small:zstd"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("LXR_STORE_DRIVER is directories or erofs"), std::string::npos) << o.err;
}

TEST_F(pull, every_form_of_the_image_gives_the_same_layers) {
  for (const char* tag : {"latest", "zstd", "none", "multi", "v2s2", "v2s2-multi"}) {
    must({"pull", "-q", registry() + "/small:" + tag});
    EXPECT_EQ(file::list_at(AT_FDCWD, root_ + "/layers").size(), 3u) << tag;
  }
  must({"pull", "-q", "oci:" + std::string(LXR_BINARY_DIR) + "/fixture/small:small-config"});
  EXPECT_EQ(must({"run", "--rm", "oci:" + std::string(LXR_BINARY_DIR) + "/fixture/small:small-config"}), "hello world\n");
  EXPECT_EQ(must({"images", "-q"}).size(), 7u * 13);
}

TEST_F(pull, threads_do_what_io_uring_does) {
  std::vector<std::string> env = environment();
  env.push_back("LXR_NO_URING=1");
  ASSERT_EQ(run_program(command({"pull", "-q", small_}), {}, env).code, 0);
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "cat", "/etc/image"}), "small\n");
}

TEST_F(pull, a_killed_pull_leaves_nothing_half_made_and_the_next_one_sweeps) {
  registry_imposter slow;
  const std::string tar = tar_builder().file("a", std::string(8 << 20, 'a')).finish();
  const auto p = slow.publish(tar, gzip(tar));
  slow.on(p.layer_path, {.hang = true});
  {
    const process killed(command({"pull", slow.host() + "/app"}), environment());
    ASSERT_TRUE(eventually([&] { return !file::list_at(AT_FDCWD, root_ + "/ingest").empty(); }));
  }  // SIGKILL
  EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/layers").empty());
  EXPECT_TRUE(file::list_at(AT_FDCWD, root_ + "/refs").empty());
  // lxr-image ends by itself when its peer is gone, and takes its directory along; if it could not, the next pull does.
  must({"pull", "-q", small_});
  EXPECT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, root_ + "/ingest").empty(); }));
}

TEST_F(pull, an_interrupted_pull_takes_back_what_it_made) {
  registry_imposter slow;
  const std::string tar = tar_builder().file("a", std::string(8 << 20, 'a')).finish();
  const auto p = slow.publish(tar, gzip(tar));
  slow.on(p.layer_path, {.hang = true});
  const auto ingest = [&] { return file::list_at(AT_FDCWD, root_ + "/ingest"); };
  for (const int number : {SIGTERM, SIGINT}) {
    process interrupted(command(number == SIGTERM ? std::vector<std::string>{"pull", slow.host() + "/app"}
                                                  : std::vector<std::string>{"run", "--rm", slow.host() + "/app", "true"}),
                        environment());
    ASSERT_TRUE(eventually([&] { return !ingest().empty(); }));
    ::kill(interrupted.pid(), number);
    EXPECT_EQ(interrupted.wait(), 128 + number);
    EXPECT_TRUE(eventually([&] { return ingest().empty(); })) << number;
  }
}

TEST_F(pull, what_needs_no_layer_is_made_while_layers_come) {
  registry_imposter server;
  const std::string tar = tar_builder().directory("etc").file("etc/x", "x").finish();
  const auto p = server.publish(tar, gzip(tar));
  bool waited_for = false;
  // The layer comes only once the container has an address: its state directory, its cgroup and its namespace are there.
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    waited_for = eventually([&] {
      const auto ids = file::list_at(AT_FDCWD, root_ + "/containers");
      return ids.size() == 1 && file::list_at(AT_FDCWD, state_ + "/containers/" + ids[0]).size() >= 3 &&
             run_program({"/bin/bash", "-c", "ip -o link | grep -q 'lv" + ids[0].substr(0, 12) + "'"}).code == 0;
    });
    return registry_imposter::answer{200, {}, gzip(tar)};
  });
  const outcome o = lxr({"run", "--rm", server.host() + "/app", "/no-such-program"});
  EXPECT_TRUE(waited_for);
  EXPECT_EQ(o.code, 127) << o.err;
}

TEST_F(pull, a_pull_that_fails_takes_the_waiting_container_along) {
  registry_imposter server;
  const std::string tar = tar_builder().directory("etc").file("etc/x", "x").finish();
  const auto p = server.publish(tar, gzip(tar));
  server.on(p.layer_path, [&](const registry_imposter::request&) {
    EXPECT_TRUE(eventually([&] { return file::list_at(AT_FDCWD, root_ + "/containers").size() == 1; }));
    return registry_imposter::answer{404, {}, ""};
  });
  const outcome o = lxr({"run", "--rm", "--name", "never", server.host() + "/app", "true"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("404"), std::string::npos) << o.err;
  EXPECT_EQ(must({"ps", "-aq"}), "");
  EXPECT_EQ(lxr({"inspect", "never"}).code, 1);
}

TEST_F(pull, an_image_for_another_architecture_is_refused_until_asked_for) {
  const outcome o = lxr({"run", "--rm", "--network", "none", "--arch", "arm64", small_, "true"});
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("amd64"), std::string::npos) << o.err;
}

TEST_F(pull, a_full_disk_is_named_and_the_space_comes_back) {
  registry_imposter server;
  std::string noise(24 << 20, '\0');
  std::uint32_t seed = 1;
  for (char& c : noise) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  const std::string tar = tar_builder().file("big", noise).finish();
  server.publish(tar, gzip(tar));
  const std::string disk = dir_.path() + "/disk";
  file::make_directories(disk);
  const outcome o = run_program({"/usr/bin/unshare", "-m", "/bin/bash", "-c",
                                 "mount -t tmpfs -o size=16m tmpfs " + disk + " && " + program_path("lxr") + " --root " + disk + "/root --state " + state_ + " pull " +
                                     server.host() + "/app; code=$?; used=$(du -sk " + disk + " | cut -f1); echo code $code; [ $used -lt 1000 ] && echo clean"},
                                {}, environment());
  EXPECT_NE(o.out.find("code 125"), std::string::npos) << o.out << o.err;
  EXPECT_NE(o.out.find("clean"), std::string::npos) << o.out;
  EXPECT_NE(o.err.find("No space left on device"), std::string::npos) << o.err;
}

TEST_F(pull, bad_registries_give_125_and_their_names) {
  registry_imposter server;
  server.on("/v2/app/manifests/latest", {500, {}, ""});
  const outcome broken = lxr({"run", server.host() + "/app", "true"});
  EXPECT_EQ(broken.code, 125);
  EXPECT_NE(broken.err.find("500"), std::string::npos) << broken.err;
  server.on("/v2/app/manifests/latest", {.hang = true});
  const outcome hanging = lxr({"run", server.host() + "/app", "true"});
  EXPECT_EQ(hanging.code, 125);
  EXPECT_NE(hanging.err.find(server.host()), std::string::npos) << hanging.err;
  EXPECT_EQ(lxr({"pull", "oci:/nonexistent"}).code, 125);
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

}  // namespace
}  // namespace lxr::test
