// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/failure.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "core/base/file.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::launch {
namespace {

using io::child::child_report;
using io::child::op;
using io::child::process_step;

// The failure of one operation whose subject is "/the/subject".
error failure_of(op code, int errno_value, const oci::process_spec& process = {.args = {"app"}}, int root = -1,
                 process_step step = {}) {
  io::process::built_plan plan;
  plan.subjects = {"another", "/the/subject"};
  return explain_failure(plan, {child_report::failed, 1, errno_value, code, static_cast<std::uint32_t>(step)}, process,
                         root);
}

void expect(const error& e, std::error_code code, const std::vector<std::string>& words) {
  EXPECT_EQ(e.code(), code) << e.what();
  for (const std::string& word : words) EXPECT_NE(std::string(e.what()).find(word), std::string::npos) << e.what();
}

std::error_code system_code(int value) { return {value, std::generic_category()}; }

TEST(explain_failure, every_operation_names_its_subject) {
  for (const op code : {op::join_cgroup, op::unshare, op::make_filesystem, op::attach, op::attach_file, op::mask,
                        op::make_readonly, op::make_node, op::write_file, op::enter_root, op::set_hostname,
                        op::configure_network, op::open_terminal, op::become_init})
    expect(failure_of(code, EPERM), system_code(EPERM), {"/the/subject", "operation not permitted"});
}

TEST(explain_failure, a_report_beyond_the_plan_is_still_an_error) {
  expect(explain_failure({}, {child_report::failed, 7, EIO, op::attach, 0}, {.args = {"app"}}), system_code(EIO),
         {"Input/output error"});
}

TEST(explain_failure, an_image_that_is_in_the_way_of_a_mount_is_blamed) {
  expect(failure_of(op::attach, EEXIST), errc::corrupt, {"/the/subject", "symbolic link there that leads nowhere"});
  for (const int code : {ELOOP, EXDEV})
    expect(failure_of(op::attach, code), errc::corrupt, {"/the/subject", "something else there"});
  expect(failure_of(op::attach, ENOTDIR), errc::invalid_argument, {"/the/subject", "over a file"});
  expect(failure_of(op::attach, EISDIR), errc::invalid_argument, {"/the/subject", "over a directory"});
}

TEST(explain_failure, limits_and_missing_features_say_what_to_do) {
  for (const int code : {ENOSPC, EUSERS})
    expect(failure_of(op::unshare, code), errc::exhausted, {"/proc/sys/user/max_", "raise it"});
  expect(failure_of(op::fork_again, EAGAIN), errc::exhausted, {"--pids-limit"});
  expect(failure_of(op::fork_again, ENOMEM), errc::conflict, {"its first process is ending"});
  expect(failure_of(op::make_filesystem, ENODEV), errc::unsupported, {"/the/subject", "lacks that filesystem"});
}

TEST(explain_failure, each_step_of_becoming_the_process_names_the_thing) {
  const oci::process_spec process{.user = {.uid = 7}, .args = {"app"}, .cwd = "/work"};
  const std::pair<process_step, const char*> steps[] = {
      {process_step::oom_score, "oom_score_adj"},   {process_step::resource_limits, "resource limits"},
      {process_step::scheduler, "scheduler"},       {process_step::io_priority, "I/O priority"},
      {process_step::working_directory, "/work"},   {process_step::early_seccomp, "seccomp profile"},
      {process_step::bounding_set, "capabilities"}, {process_step::ids, "user 7"},
      {process_step::capabilities, "capabilities"}, {process_step::no_new_privileges, "no_new_privs"},
      {process_step::seccomp, "seccomp profile"}};
  for (const auto& [step, word] : steps)
    expect(failure_of(op::become_process, EPERM, process, -1, step), system_code(EPERM), {word});
  const auto fails = [&](process_step step, int code) {
    return failure_of(op::become_process, code, process, -1, step);
  };
  expect(fails(process_step::working_directory, ENOTDIR), errc::invalid_argument, {"/work", "not a directory"});
  expect(fails(process_step::working_directory, ENOENT), errc::command_not_found, {"/work", "in the container"});
  expect(fails(process_step::seccomp, EINVAL), errc::unsupported, {"CONFIG_SECCOMP_FILTER"});
  expect(fails(process_step::oom_score, EACCES), system_code(EACCES), {"--oom-score-adj"});
}

TEST(explain_failure, a_program_that_cannot_be_executed_has_the_codes_of_a_shell) {
  const auto run = [](int code, const char* word) {
    return failure_of(op::exec, code, {.args = {word}, .env = {"PATH=/p"}});
  };
  expect(run(ENOENT, "app"), errc::command_not_found, {"\"app\"", "not found in $PATH (/p)"});
  expect(run(ENOENT, "/app"), errc::command_not_found, {"\"/app\"", "no such file or directory"});
  expect(run(EACCES, "app"), errc::command_not_executable, {"permission denied"});
  expect(run(ELOOP, "app"), errc::command_not_executable, {"symbolic links"});
  expect(run(ENOEXEC, "app"), errc::command_not_executable, {"another architecture"});
  expect(run(E2BIG, "app"), system_code(E2BIG), {"\"app\""});
}

// The file is there, so "no such file" is about what it asks for.
TEST(explain_failure, a_missing_interpreter_is_named) {
  const test::temp_directory root;
  const auto run = [&](const std::string& content) {
    file::replace_at(root.fd(), "app", content, 0755);
    return failure_of(op::exec, ENOENT, {.args = {"/app"}}, root.fd());
  };
  expect(run("#! /bin/nosh -x\necho"), errc::command_not_found, {"interpreter /bin/nosh is missing"});
  expect(run("#!/bin/sh\r\necho"), errc::command_not_found, {"/bin/sh\\r", "DOS line ends"});
  expect(run("#!"), errc::command_not_found, {"no such file or directory"});
  expect(run("\x7f"
             "ELF cut off"),
         errc::command_not_found, {"no such file or directory"});
}

}  // namespace
}  // namespace lxr::launch
