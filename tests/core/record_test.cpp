// SPDX-License-Identifier: Apache-2.0
#include "core/base/record.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/model/container_config.hpp"
#include "core/model/container_spec.hpp"
#include "tests/support/state_fixture.hpp"

namespace lxr {
namespace {

struct records : test::state_fixture {
  void write(const std::string& id, const std::string& file, const std::string& text) {
    file::make_directory_at(where.root_fd(), "containers/" + id);
    file::replace_at(where.root_fd(), "containers/" + id + "/" + file, text);
  }
};

// As lxr wrote it when records had no version, byte for byte.
constexpr const char* without_version =
    R"({"id":"x","name":"box","image":"docker.io/library/alpine:3","imageId":"8d46","created":1795639744000000000,)"
    R"("command":["sh","-c","echo \"hi\""],"env":["A=b"],"user":"app","workingDir":"/w","hostname":"inside",)"
    R"("stopSignal":"INT","labels":{"k":"v"},"tty":true,"openStdin":true,"autoRemove":true,"readOnly":true,)"
    R"("volatile":true,"oomScoreAdj":-5,"network":"none","memory":67108864,"cpus":1.5E0,"pidsLimit":-1,)"
    R"("stopTimeout":3,"entrypoint":[]})";

TEST_F(records, one_without_a_version_is_read) {
  write("x", "config.json", without_version);
  const container_config c = load_config(where, "x");
  EXPECT_EQ(c.name, "box");
  EXPECT_EQ(c.image, "docker.io/library/alpine:3");
  EXPECT_EQ(c.image_id, "8d46");
  EXPECT_EQ(c.created_ns, 1795639744000000000);
  EXPECT_EQ(c.process.command, (std::vector<std::string>{"sh", "-c", "echo \"hi\""}));
  ASSERT_TRUE(c.process.entrypoint.has_value());
  EXPECT_TRUE(c.process.entrypoint->empty());
  EXPECT_EQ(c.process.env, std::vector<std::string>{"A=b"});
  EXPECT_EQ(c.process.user, "app");
  EXPECT_EQ(c.process.working_dir, "/w");
  EXPECT_TRUE(c.process.tty && c.process.open_stdin);
  EXPECT_EQ(c.process.oom_score_adj, -5);
  EXPECT_FALSE(c.process.umask);
  EXPECT_EQ(c.resources.memory, 67108864);
  EXPECT_DOUBLE_EQ(c.resources.cpus, 1.5);
  EXPECT_EQ(c.resources.pids_limit, -1);
  EXPECT_TRUE(c.rootfs.read_only && c.rootfs.is_volatile);
  EXPECT_EQ(c.network.mode, network_mode::none);
  EXPECT_EQ(c.network.hostname, "inside");
  EXPECT_EQ(c.lifecycle.stop_signal, "INT");
  EXPECT_EQ(c.lifecycle.stop_timeout, 3);
  EXPECT_TRUE(c.lifecycle.auto_remove);
  EXPECT_EQ(c.lifecycle.labels.at("k"), "v");
}

std::error_code code_of(const std::function<void()>& step) {
  try {
    step();
  } catch (const error& e) {
    return e.code();
  }
  return {};
}

TEST_F(records, one_of_a_newer_lxr_is_refused_by_name) {
  write("x", "config.json", R"({"id":"x","name":"box","version":2})");
  try {
    load_config(where, "x");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::unsupported);
    EXPECT_NE(std::string(e.what()).find("containers/x/config.json"), std::string::npos) << e.what();
    EXPECT_NE(std::string(e.what()).find("newer lxr"), std::string::npos) << e.what();
  }
}

TEST_F(records, a_damaged_one_names_the_member) {
  write("x", "config.json", R"({"id":"x","memory":"much"})");
  try {
    load_config(where, "x");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::corrupt);
    EXPECT_NE(std::string(e.what()).find("memory is not a whole number"), std::string::npos) << e.what();
  }
  write("x", "config.json", R"({"id":"x","version":0})");
  EXPECT_EQ(code_of([&] { load_config(where, "x"); }), errc::corrupt);
}

TEST_F(records, a_spec_comes_back_as_it_was_and_may_be_missing) {
  EXPECT_FALSE(load_spec(where, "x"));
  oci::runtime_spec spec;
  spec.oci_version = "1.3.0";
  spec.root.path = "rootfs";
  spec.process.emplace().args = {"sh", "\xff"};
  spec.process->user.umask = 0;
  spec.linux_part.namespaces = {{oci::namespace_kind::pid, {}}};
  file::make_directory_at(where.root_fd(), "containers/x");
  save_spec(where, "x", spec, spec_life::of_the_container);
  const auto again = load_spec(where, "x");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->process->args, spec.process->args);
  EXPECT_EQ(again->process->user.umask, 0u);
  EXPECT_TRUE(again->linux_part.has(oci::namespace_kind::pid));
  // What cannot be used is as good as none: the spec is made again.
  for (const char* damaged : {"", "{", "{}", R"({"ociVersion":"1.3.0","root":{"path":"r"}})", R"({"process":[]})"}) {
    write("x", "spec.json", damaged);
    EXPECT_FALSE(load_spec(where, "x")) << damaged;
  }
}

}  // namespace
}  // namespace lxr
