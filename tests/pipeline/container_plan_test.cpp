// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/container_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "core/base/error.hpp"
#include "io/seccomp/default_profile.hpp"
#include "pipeline/launch/mount_options.hpp"
#include "pipeline/spec/spec.hpp"

namespace lxr::launch {
namespace {

using io::child::op;
using io::child::plan_op;
using io::process::built_plan;

oci::runtime_spec shell(const container_config& config = {}) {
  oci::image_config image;
  image.cmd = {"sh"};
  return spec::make_spec(config, image, [](const std::string&) { return std::optional<std::string>(); });
}

std::vector<op> operations(const built_plan& plan) {
  const auto* header = reinterpret_cast<const io::child::launch_plan*>(plan.bytes().data());
  const auto* ops = reinterpret_cast<const plan_op*>(plan.bytes().data() + header->ops);
  std::vector<op> out;
  for (std::uint32_t i = 0; i < header->op_count; ++i) out.push_back(ops[i].code);
  return out;
}

std::size_t place_of(const std::vector<op>& all, op which) {
  const auto found = std::ranges::find(all, which);
  EXPECT_NE(found, all.end());
  return static_cast<std::size_t>(found - all.begin());
}

const std::vector<std::string> provided{"etc/resolv.conf", "etc/hostname", "etc/hosts"};

// What the child begins with, before the image is known, and what lxr-init goes on with.
TEST(container_plan, partial_and_whole_agree_up_to_become_init) {
  for (const bool terminal : {false, true}) {
    for (const bool waits : {false, true}) {
      container_config config;
      config.process.tty = terminal;
      config.rootfs.read_only = waits;
      launch_inputs in;
      in.staging_directory = "/run";
      in.cgroup_tasks = {5};
      in.cgroups = {false, {"memory"}, {"/sys/fs/cgroup/memory/lxr/x"}};
      in.waits_for_start = waits;
      in.network_first = waits;
      in.seccomp.program = io::seccomp::default_profile();
      const auto partial = make_container_plan(spec::make_surroundings(config), in, provided),
                 whole = make_container_plan(shell(config), in, provided);
      const std::vector<op> begun = operations(partial), all = operations(whole);
      const std::size_t init = place_of(all, op::become_init);
      ASSERT_GT(all.size(), begun.size());
      EXPECT_EQ(std::vector(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(init) + 1),
                std::vector(begun.begin(), begun.begin() + static_cast<std::ptrdiff_t>(init) + 1));
      EXPECT_EQ(std::vector(partial.subjects.begin(), partial.subjects.begin() + static_cast<std::ptrdiff_t>(init)),
                std::vector(whole.subjects.begin(), whole.subjects.begin() + static_cast<std::ptrdiff_t>(init)));
    }
  }
}

TEST(container_plan, phases_come_in_their_order) {
  launch_inputs in;
  in.cgroup_tasks = {5};
  in.staging_directory = "/run";
  const std::vector<op> all = operations(make_container_plan(shell(), in, provided));
  const op order[] = {op::join_cgroup,    op::unshare,     op::private_mounts, op::make_filesystem,
                      op::receive,        op::attach_over, op::attach,         op::attach_file,
                      op::enter_root,     op::use_streams, op::become_init,    op::close_others,
                      op::become_process, op::exec};
  for (std::size_t i = 1; i < std::size(order); ++i)
    EXPECT_LT(place_of(all, order[i - 1]), place_of(all, order[i])) << i;
  EXPECT_EQ(all.back(), op::exec);
}

TEST(container_plan, mounts_are_attached_in_the_order_of_the_spec) {
  oci::runtime_spec spec = shell();
  spec.mounts.insert(spec.mounts.begin(), {"/a//b/../c/", "tmpfs", "tmpfs", {"nosuid"}, {}, {}});
  launch_inputs in;
  in.staging_directory = "/run";
  const built_plan plan = make_container_plan(spec, in, {});
  std::vector<std::string> attached;
  const std::vector<op> all = operations(plan);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] == op::attach) attached.push_back(plan.subjects[i]);
  }
  EXPECT_EQ(attached,
            (std::vector<std::string>{"/a/c", "/proc", "/dev", "/dev/pts", "/dev/shm", "/dev/mqueue", "/sys"}));
}

// Whatever a spec says, or leaves out, the host stays as it is.
TEST(container_plan, a_spec_that_would_change_the_host_is_refused) {
  const auto refused = [](const std::function<void(oci::runtime_spec&)>& change) {
    oci::runtime_spec spec = shell();
    change(spec);
    launch_inputs in;
    in.staging_directory = "/run";
    io::netlink::batch inner;
    in.network.inner = &inner;
    EXPECT_THROW(make_container_plan(spec, in, {}), error);
  };
  const auto without = [](oci::namespace_kind kind) {
    return [kind](oci::runtime_spec& s) {
      std::erase_if(s.linux_part.namespaces, [kind](const auto& n) { return n.type == kind; });
    };
  };
  refused(without(oci::namespace_kind::mount));
  refused(without(oci::namespace_kind::network));
  refused([&](oci::runtime_spec& s) {
    without(oci::namespace_kind::uts)(s);
    s.hostname = "h";
  });
  // What lxr does not do yet is not passed over.
  refused([](oci::runtime_spec& s) { s.linux_part.namespaces.front().path = "/proc/1/ns/pid"; });
  refused([](oci::runtime_spec& s) { s.process->apparmor_profile = "a"; });
  refused([](oci::runtime_spec& s) { s.linux_part.memory_policy.emplace(); });
  refused([](oci::runtime_spec& s) { s.linux_part.intel_rdt.emplace(); });
  refused([](oci::runtime_spec& s) { s.linux_part.mount_label = "l"; });
}

TEST(mount_options, words_become_attributes_and_the_last_one_counts) {
  const auto read = [](std::vector<std::string> words, const char* type = "tmpfs") {
    return read_mount_options({"/m", type, "s", std::move(words), {}, {}});
  };
  EXPECT_EQ(read({"ro", "nosuid", "nodev", "noexec", "size=4k"}).set, 0xfu);
  EXPECT_EQ(read({"ro", "rw"}).set, 0u);
  EXPECT_EQ(read({"ro", "rw"}).clear, 1u);
  EXPECT_EQ(read({"size=4k", "mode=755", "ro"}).of_filesystem, (std::vector<std::string>{"size=4k", "mode=755"}));
  EXPECT_EQ(read({"rro", "bind"}, "bind").recursive_set, 1u);
  EXPECT_FALSE(read({"bind"}, "bind").is_recursive);
  EXPECT_TRUE(read({"rbind", "rprivate"}, "none").is_bind);
  EXPECT_TRUE(read({"rbind", "rprivate"}, "none").recursive_propagation);
  EXPECT_TRUE(read({"tmpcopyup"}).is_copied);
  EXPECT_THROW(read({"tmpcopyup"}, "bind"), error);
  EXPECT_TRUE(read({"rbind", "bind"}, "bind").is_recursive);
  EXPECT_TRUE(read({"ridmap"}, "bind").maps_ids_below);
  EXPECT_THROW(read({"idmap"}), error);  // of a filesystem
}

}  // namespace
}  // namespace lxr::launch
