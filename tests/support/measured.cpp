// SPDX-License-Identifier: Apache-2.0
#include "tests/support/measured.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::test {
namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace

measured run_measured(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) throw_errno("make", "pipe");
  const auto words = pointers_to(argv), variables = pointers_to(environment);
  ::malloc_trim(0);  // until it executes the program, the child counts as large as this process
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(::open("/dev/null", O_RDWR), 0);
    ::dup2(0, 1);
    ::dup2(pipe[1], 2);
    ::execve(words[0], words.data(), variables.data());
    ::_exit(127);
  }
  ::close(pipe[1]);
  measured out;
  const unique_fd err(pipe[0]);
  out.err = file::read_all(err.get(), "standard error");
  int status = 0;
  rusage used{};
  ::wait4(pid, &status, 0, &used);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  out.peak_mib = static_cast<std::size_t>(used.ru_maxrss) >> 10;
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  out.seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
  return out;
}

}  // namespace lxr::test
