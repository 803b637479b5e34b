// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/support.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "core/base/file.hpp"
#include "core/instance/paths.hpp"
#include "tests/support/image_layout.hpp"
#include "tests/support/tar_builder.hpp"

namespace lxr::test {
namespace {

pid_t start(const std::vector<std::string>& argv, const std::vector<std::string>& environment, int in, int out,
            int err) {
  std::vector<char*> words, variables;
  for (const std::string& w : argv) words.push_back(const_cast<char*>(w.c_str()));
  for (const std::string& v : environment) variables.push_back(const_cast<char*>(v.c_str()));
  words.push_back(nullptr);
  variables.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(err, 2);
    ::signal(SIGPIPE, SIG_DFL);
    ::execve(words[0], words.data(), variables.data());
    ::_exit(126);
  }
  return pid;
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

process::process(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
  const unique_fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  pid_ = start(argv, environment, null.get(), null.get(), null.get());
}
process::~process() {
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  wait();
}
int process::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  reaped_ = true;
  return exit_code(status);
}

pid_t child_of(pid_t parent) {
  const std::string pid = std::to_string(parent);
  const auto text = file::read_of_process(parent, "task/" + pid + "/children");
  return text ? static_cast<pid_t>(std::strtol(text->c_str(), nullptr, 10)) : 0;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    ::sched_yield();
  }
  return condition();
}

std::string program_path(const std::string& name) {
  const char* const elsewhere = std::getenv("LXR_TEST_PROGRAMS");
  return std::string(elsewhere != nullptr ? elsewhere : LXR_BINARY_DIR) + "/" + name;
}

std::string registry() {
  const auto port = file::read_at(AT_FDCWD, std::string(LXR_BINARY_DIR) + "/fixture/registry/port");
  std::string text = port.value_or("1");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return "127.0.0.1:" + text;
}

outcome run_program(const std::vector<std::string>& argv, const std::string& input,
                    const std::vector<std::string>& environment) {
  ::signal(SIGPIPE, SIG_IGN);  // the program may leave without reading its input
  int in[2], out[2], err[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
    throw std::runtime_error("pipe");
  const std::vector<std::string> standard{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  const pid_t pid = start(argv, environment.empty() ? standard : environment, in[0], out[1], err[1]);
  for (const int fd : {in[0], out[1], err[1]}) ::close(fd);
  outcome result;
  std::thread writer([&] {
    static_cast<void>(!::write(in[1], input.data(), input.size()));
    ::close(in[1]);
  });
  pollfd fds[2] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}};
  std::string* texts[2] = {&result.out, &result.err};
  for (int open = 2; open > 0;) {
    ::poll(fds, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[65536];
      const ssize_t got = ::read(fds[i].fd, buffer, sizeof buffer);
      if (got > 0) {
        texts[i]->append(buffer, static_cast<std::size_t>(got));
      } else {
        fds[i].fd = -1;
        --open;
      }
    }
  }
  writer.join();
  ::close(out[0]);
  ::close(err[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  result.code = exit_code(status);
  return result;
}

installation::installation()
    : environment_{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LXR_ROOT=" + root_,
                   "LXR_STATE=" + state_, "LXR_HTTP_TIMEOUT=2",
                   "ASAN_OPTIONS=detect_leaks=0"} {  // lxr-image is killed when its work is done, and may not look at
                                                     // itself under Landlock
  file::make_directories(root_);
  file::make_directories(state_);
}

// What the instance left in the kernel is found by its names, so tests may run side by side.
void installation::TearDown() {
  remove_all();
  const instance where = instance::open(root_, state_);
  const std::string tag = where.tag();
  std::string left;
  const bool clean = eventually([&] {
    left = run_program({"/bin/bash", "-c",
                        "ip -o link | grep -F lxr" + tag + "; nft list tables | grep -F lxr-" + tag +
                            "; find /sys/fs/cgroup -maxdepth 3 -name 'lxr-" + tag + "*'; grep -F " + dir_.path() +
                            " /proc/self/mountinfo; ls " + root_ + "/containers " + root_ + "/trash " + root_ +
                            "/ingest " + state_ + "/containers " + state_ +
                            "/names | grep -v -e : -e '^$'; for p in /proc/[0-9]*; do [ \"$(readlink $p/exe)\" = " +
                            program_path("lxr") + " ] && tr '\\0' ' ' < $p/environ | grep -F LXR_STATE=" + state_ +
                            "; done"})
               .out;
    return left.empty();
  });
  EXPECT_TRUE(clean) << "left behind:\n" << left;
}

std::vector<std::string> installation::environment() const { return environment_; }

std::string installation::probe_image() const {
  tar_builder tar;
  tar.add({.path = "probe", .content = file::read_at(AT_FDCWD, NETWORK_PROBE).value(), .mode = 0755});
  return write_layout(dir_.path() + "/probe", {tar.finish()});
}

void installation::set_variable(const std::string& name, const std::string& value) {
  std::erase_if(environment_, [&](const std::string& v) { return v.starts_with(name + "="); });
  environment_.push_back(name + "=" + value);
}

std::vector<std::string> installation::command(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{program_path("lxr")};
  argv.insert(argv.end(), words.begin(), words.end());
  return argv;
}

outcome installation::lxr(const std::vector<std::string>& words, const std::string& input) {
  return run_program(command(words), input, environment());
}

outcome installation::shell(const std::string& line) {
  std::vector<std::string> variables = environment();
  variables.push_back("lxr=" + program_path("lxr"));
  variables.push_back("image=" + small_);
  return run_program({"/bin/bash", "-c", line}, {}, variables);
}

std::string installation::must(const std::vector<std::string>& words) {
  const outcome o = lxr(words);
  EXPECT_EQ(o.code, 0) << words.front() << ": " << o.err;
  return o.out;
}

json::object installation::inspect(const std::string& name) {
  return json::parse(must({"inspect", name}), "inspect").as_array().at(0).as_object();
}

std::string installation::address_of(const std::string& name) {
  const json::object all = inspect(name);
  return json::get_string(*json::find_object(all, "NetworkSettings"), "IPAddress");
}

void installation::remove_all() {
  std::vector<std::string> words{"rm", "-f"};
  std::istringstream ids(must({"ps", "-aq"}));
  for (std::string id; ids >> id;) words.push_back(id);
  if (words.size() > 2) must(words);
}

std::string installation::status_of(const std::string& name) {
  const json::object all = inspect(name);
  return json::get_string(*json::find_object(all, "State"), "Status");
}

}  // namespace lxr::test
