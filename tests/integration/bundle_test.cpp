// SPDX-License-Identifier: Apache-2.0
// A bundle goes the way of every container: through launch, which knows neither images nor a store nor container
// options.
#include <fcntl.h>
#include <sys/mount.h>

#include <csignal>

#include "core/async/run.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/oci/runtime_spec/document.hpp"
#include "core/oci/runtime_spec/validate.hpp"
#include "io/cgroup/group.hpp"
#include "io/cgroup/removal.hpp"
#include "io/channel/pipe.hpp"
#include "io/mount/bind.hpp"
#include "pipeline/launch/first_process.hpp"
#include "pipeline/launch/spec_inputs.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

struct no_events final : event_sink {
  void span(std::string_view, std::string_view, clock::time_point, clock::time_point) override {}
  void layer_progress(std::string_view, std::string_view, std::uint64_t, std::uint64_t) override {}
  void message(std::string_view) override {}
};

// A bundle that umoci makes of the small image, in a directory of its own.
class bundle : public testing::Test {
 protected:
  void SetUp() override {
    const outcome made = run_program(
        {"/usr/bin/umoci", "unpack", "--image", std::string(LXR_BINARY_DIR) + "/fixture/small:small", path_}, {},
        {"PATH=/usr/bin:/bin"});
    ASSERT_EQ(made.code, 0) << made.err;
    spec_ = oci::parse_runtime_spec(file::read_at(AT_FDCWD, path_ + "/config.json").value(), "config.json");
    oci::validate(spec_, "config.json");
    spec_.process->terminal = false;
  }

  task<void> launch(std::string& output, int& code) {
    no_events events;
    launch::context on(co_await asio::this_coro::executor, events);
    const unique_fd base = file::open_at(AT_FDCWD, path_, O_PATH | O_DIRECTORY);
    auto group = io::cgroup::group::create(cgroups_, cgroup_, launch::cgroup_resources(spec_));
    io::channel::pipe_ends out = io::channel::make_pipe();
    {
      launch::first_process first(on, "bundle");
      launch::launch_inputs in;
      in.staging_directory = path_;
      for (const unique_fd& tasks : group.tasks()) in.cgroup_tasks.push_back(tasks.get());
      in.cgroups = {cgroups_.unified, group.trees(), group.paths()};
      in.binds = launch::clone_bind_sources(spec_, base.get());
      first.spawn(spec_, std::move(in), {}, {group.directory(), false, false});
      unique_fd root = io::mount::clone_mount(base.get(), spec_.root.path, true);
      io::mount::set_attributes(root.get(), "root", {MOUNT_ATTR_NODEV, 0, 0, false});
      launch::child_streams streams{file::open_at(AT_FDCWD, "/dev/null", O_RDONLY),
                                    unique_fd(::fcntl(out.write.get(), F_DUPFD_CLOEXEC, 3)), std::move(out.write)};
      first.hand_over(spec_, std::move(root), {}, std::move(streams), {});
      std::exception_ptr failure;
      try {
        co_await first.running();
      } catch (...) {
        failure = std::current_exception();
      }
      io::process::child_process running = first.take_process();
      if (!failure) {
        output = file::read_all(out.read.get(), "output");
        code = running.wait();
      }
      running = {};
      io::cgroup::remove(cgroups_, cgroup_);
      if (failure) std::rethrow_exception(failure);
    }
  }

  std::string run(std::vector<std::string> args) {
    spec_.process->args = std::move(args);
    std::string output;
    asio::io_context loop(1);
    lxr::run(loop, launch(output, code_));
    return output;
  }

  temp_directory dir_;
  std::string path_ = dir_.path() + "/bundle";
  oci::runtime_spec spec_;
  const std::string cgroup_ = "lxr-bundle-test" + std::to_string(::getpid()) + "/b";
  io::cgroup::layout cgroups_ = io::cgroup::layout::detect();
  int code_ = -1;
};

TEST_F(bundle, runs_without_image_store_or_container_options) {
  EXPECT_EQ(run({"sh", "-c", "hostname; id -u; readlink /proc/self/root; echo $$; exit 7"}),
            "umoci-default\n0\n/\n1\n");
  EXPECT_EQ(code_, 7);
}

TEST_F(bundle, has_what_its_document_says) {
  EXPECT_EQ(run({"sh", "-c",
                 "ulimit -n; grep CapBnd /proc/self/status; grep NoNewPrivs /proc/self/status; ls /sys/firmware | wc "
                 "-l; grep -c ' /proc/sys proc ro,' /proc/mounts; ip link | grep -c ^"}),
            "1024\nCapBnd:\t0000000020000420\nNoNewPrivs:\t1\n0\n1\n2\n");
}

TEST_F(bundle, mounts_come_in_their_order_and_binds_from_the_bundle) {
  file::make_directories(path_ + "/data");
  file::replace_at(AT_FDCWD, path_ + "/data/a", "from the bundle\n");
  spec_.mounts.push_back({"/mnt/made/here", "tmpfs", "tmpfs", {"size=64k"}, {}, {}});
  spec_.mounts.push_back({"/mnt/made/here/in", "bind", "data", {"bind", "ro"}, {}, {}});
  spec_.mounts.push_back({"/etc/one", "bind", "data/a", {"bind"}, {}, {}});
  EXPECT_EQ(run({"sh", "-c",
                 "cat /mnt/made/here/in/a /etc/one; touch /mnt/made/here/x && echo writable; touch /mnt/made/here/in/x "
                 "2>&1 | grep -o Read-only"}),
            "from the bundle\nfrom the bundle\nwritable\nRead-only\n");
}

// More mounts than one message, or a fixed table, would hold.
TEST_F(bundle, may_have_hundreds_of_mounts) {
  file::make_directories(path_ + "/data");
  for (int i = 0; i < 300; ++i) spec_.mounts.push_back({"/mnt/" + std::to_string(i), "bind", "data", {"bind"}, {}, {}});
  EXPECT_EQ(run({"sh", "-c", "grep -c ' /mnt/' /proc/self/mountinfo"}), "300\n");
}

TEST_F(bundle, failures_say_what_and_leave_nothing) {
  const auto failure = [this](std::vector<std::string> args) -> std::string {
    try {
      run(std::move(args));
    } catch (const error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(failure({"/nonexistent"}).find("\"/nonexistent\": no such file or directory"), std::string::npos);
  spec_.process->cwd = "/etc/passwd";
  EXPECT_NE(failure({"true"}).find("/etc/passwd"), std::string::npos);
  spec_.process->cwd = "/";
  spec_.mounts.push_back({"/x", "bind", "missing", {"bind"}, {}, {}});
  EXPECT_NE(failure({"true"}).find("\"missing\": no such file or directory"), std::string::npos);
  spec_.mounts.back() = {"/x", "bind", "rootfs", {"tmpcopyup"}, {}, {}};
  EXPECT_NE(failure({"true"}).find("tmpcopyup"), std::string::npos);
}

}  // namespace
}  // namespace lxr::test
