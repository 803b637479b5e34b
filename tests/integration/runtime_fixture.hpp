// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {

namespace fs = std::filesystem;

// A bundle that umoci makes of the small image, and an lxr runtime with a root of its own. Afterwards no cgroup and no
// directory of a container is left.
class oci_runtime : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_.path());
    ::chmod(dir_.path().c_str(), 0755);  // for who is root in a user namespace only
    const outcome made = run_program(
        {"/usr/bin/umoci", "unpack", "--image", std::string(LXR_BINARY_DIR) + "/fixture/small:small", bundle_}, {},
        {"PATH=/usr/bin:/bin"});
    ASSERT_EQ(made.code, 0) << made.err;
    ::chmod(bundle_.c_str(), 0755);
    config_ = json::parse_object(file::read_at(AT_FDCWD, bundle_ + "/config.json").value(), "config.json");
    config_["process"].as_object()["terminal"] = false;
    config_["linux"].as_object()["cgroupsPath"] = "/" + group_;
  }
  void TearDown() override {
    rt({"delete", "--force", "box"});
    EXPECT_TRUE(!fs::exists(root_) || fs::is_empty(root_));
    EXPECT_EQ(run_program({"/usr/bin/find", "/sys/fs/cgroup", "-name", group_ + "*"}).out, "");
  }

  json::object& process() { return config_["process"].as_object(); }
  json::object& linux_part() { return config_["linux"].as_object(); }
  void set_args(const std::vector<std::string>& args) {
    process()["args"] = json::from(args);
    write();
  }
  void write() { file::replace_at(AT_FDCWD, bundle_ + "/config.json", json::dump(config_)); }

  // Output goes to files: what is created keeps it open.
  outcome rt(std::vector<std::string> words) const {
    const std::string out = dir_.path() + "/out", err = dir_.path() + "/err";
    words.insert(words.begin(), {"/bin/sh", "-c", "exec \"$@\" > " + out + " 2> " + err + " < /dev/null", "sh",
                                 program_path("lxr"), "runtime", "--root", root_});
    outcome o = run_program(words);
    o.out = file::read_at(AT_FDCWD, out).value_or("");
    o.err = file::read_at(AT_FDCWD, err).value_or("");
    return o;
  }
  // Standard output of a verb that has to succeed.
  std::string must(const std::vector<std::string>& words) const {
    const outcome o = rt(words);
    EXPECT_EQ(o.code, 0) << words.front() << ": " << o.err;
    return o.out;
  }
  outcome run(const std::vector<std::string>& args) {
    set_args(args);
    return rt({"run", "--bundle", bundle_, "box"});
  }
  outcome sh(const std::string& line) { return run({"sh", "-c", line}); }
  void create(const std::vector<std::string>& args) {
    set_args(args);
    must({"create", "--bundle", bundle_, "box"});
  }
  std::string status() const { return json::get_string(json::parse_object(must({"state", "box"}), "state"), "status"); }
  void add_namespace(const char* kind, const std::string& path = {}) {
    json::object n{{"type", kind}};
    if (!path.empty()) n["path"] = path;
    json::array kept;
    for (const json::value& v : linux_part()["namespaces"].as_array()) {
      if (v.as_object().at("type") != kind) kept.push_back(v);
    }
    kept.push_back(n);
    linux_part()["namespaces"] = kept;
  }
  void add_hook(const char* kind, const std::string& script, int timeout = 0) {
    json::object hook{{"path", "/bin/sh"}, {"args", {"sh", "-c", script}}, {"env", {"PATH=/usr/bin:/bin"}}};
    if (timeout != 0) hook["timeout"] = timeout;
    if (!config_.contains("hooks")) config_["hooks"] = json::object();
    json::object& hooks = config_["hooks"].as_object();
    if (!hooks.contains(kind)) hooks[kind] = json::array();
    hooks[kind].as_array().push_back(hook);
  }

  temp_directory dir_;
  std::string bundle_ = dir_.path() + "/bundle", root_ = dir_.path() + "/root",
              group_ = "lxr-runtime-test" + std::to_string(::getpid());
  json::object config_;
};

}  // namespace lxr::test
