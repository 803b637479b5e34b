// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::test {

struct outcome {
  int code = -1;
  std::string out, err;
};

// A program that runs beside the test.
class process {
 public:
  process(const std::vector<std::string>& argv, const std::vector<std::string>& environment);
  ~process();
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  int wait();

 private:
  pid_t pid_;
  bool reaped_ = false;
};

// Calls `condition` until it holds; false after ten seconds. Between calls it gives the processor away.
bool eventually(const std::function<bool()>& condition);

// The first child of a process (a command's engine, an engine's container); 0: it has none.
pid_t child_of(pid_t parent);

// Of the release build, or from $LXR_TEST_PROGRAMS.
std::string program_path(const std::string& name);
// "127.0.0.1:PORT" of the registry all integration tests share, with small:* and golang:*.
std::string registry();

// An instance of lxr of its own, taken apart at the end, and a census before and after: nothing may be left.
class installation : public testing::Test {
 protected:
  installation();
  void TearDown() override;

  outcome lxr(const std::vector<std::string>& words, const std::string& input = {});
  outcome shell(const std::string& line);  // a line for bash, in which $lxr is the program and $image the small image
  std::string must(const std::vector<std::string>& words);  // standard output of a call that has to succeed
  void remove_all();                                        // every container there is
  json::object inspect(const std::string& name);
  std::string address_of(const std::string& name);
  std::string status_of(const std::string& name);
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;
  [[nodiscard]] std::vector<std::string> environment() const;
  void set_variable(const std::string& name, const std::string& value);

  temp_directory dir_;
  std::string root_ = dir_.path() + "/root", state_ = dir_.path() + "/state";
  std::string small_ = registry() + "/small:latest";
  // An image that holds network_probe as /probe, and nothing else.
  [[nodiscard]] std::string probe_image() const;

 private:
  std::vector<std::string> environment_;  // of every program started
};

// Runs a program to its end. `environment` replaces ours when not empty.
outcome run_program(const std::vector<std::string>& argv, const std::string& input = {},
                    const std::vector<std::string>& environment = {});

}  // namespace lxr::test
