// SPDX-License-Identifier: Apache-2.0
// The rules of the architecture that a compiler does not check.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path top = LXR_SOURCE_DIR;

std::vector<fs::path> sources(const std::string& below) {
  std::vector<fs::path> out;
  for (const auto& e : fs::recursive_directory_iterator(top / below)) {
    if (e.path().extension() == ".cpp" || e.path().extension() == ".hpp") out.push_back(e.path());
  }
  return out;
}

std::string text_of(const fs::path& p) {
  std::ifstream in(p);
  std::stringstream s;
  s << in.rdbuf();
  return s.str();
}

std::vector<std::string> own_includes(const std::string& text) {
  static const std::regex include("#include \"([^\"]+)\"");
  std::vector<std::string> out;
  for (std::sregex_iterator i(text.begin(), text.end(), include), end; i != end; ++i) out.push_back((*i)[1]);
  return out;
}

TEST(architecture, layers_include_only_downward) {
  const std::map<std::string, std::set<std::string>> allowed{{"core", {"core"}},
                                                             {"io", {"core", "io"}},
                                                             {"pipeline", {"core", "io", "pipeline"}},
                                                             {"cli", {"core", "io", "pipeline", "cli"}}};
  std::size_t seen = 0;
  for (const auto& [layer, below] : allowed) {
    for (const fs::path& p : sources(layer)) {
      for (const std::string& include : own_includes(text_of(p))) {
        if (include.find('/') == std::string::npos) continue;  // generated at build time
        ++seen;
        EXPECT_TRUE(below.contains(include.substr(0, include.find('/')))) << p << " includes " << include;
      }
    }
  }
  EXPECT_GT(seen, 200u);
}

// The rooms of pipeline, lowest first: a room includes rooms of lower rows, and itself. Rooms of one row do not know
// each other.
TEST(architecture, rooms_of_pipeline_include_only_downward) {
  const std::vector<std::set<std::string>> rows{{"layer", "spec", "network", "volume"},
                                                {"store", "rootfs"},
                                                {"transfer"},
                                                {"image_worker"},
                                                {"launch"},
                                                {"container"},
                                                {"monitor"},
                                                {"batch", "engine", "runtime"},
                                                {"workspace"}};
  const auto row_of = [&rows](const std::string& room) {
    return std::ranges::find_if(rows, [&room](const auto& row) { return row.contains(room); }) - rows.begin();
  };
  std::size_t seen = 0;
  for (const fs::path& p : sources("pipeline")) {
    const std::string mine = fs::relative(p, top / "pipeline").begin()->string();
    ASSERT_LT(row_of(mine), std::ssize(rows)) << mine << " has no place among the rooms of pipeline";
    for (const std::string& include : own_includes(text_of(p))) {
      if (!include.starts_with("pipeline/")) continue;
      const std::string other = fs::relative(include, "pipeline").begin()->string();
      ++seen;
      EXPECT_TRUE(other == mine || row_of(other) < row_of(mine)) << p << " includes " << include;
    }
  }
  EXPECT_GT(seen, 100u);
}

// A module is a header with its source. Each may be understood, and tested, before those that use it.
TEST(architecture, modules_form_no_circle) {
  std::map<std::string, std::set<std::string>> uses;
  for (const char* layer : {"core", "io", "pipeline", "cli"}) {
    for (const fs::path& p : sources(layer)) {
      const std::string mine = fs::relative(p, top).replace_extension().string();
      for (const std::string& include : own_includes(text_of(p))) {
        const std::string other = fs::path(include).replace_extension().string();
        if (other != mine && include.find('/') != std::string::npos) uses[mine].insert(other);
      }
    }
  }
  std::map<std::string, int> mark;  // 1: on the way, 2: done
  std::vector<std::string> way;
  const std::function<void(const std::string&)> visit = [&](const std::string& module) {
    if (mark[module] == 2) return;
    if (mark[module] == 1) {
      std::string circle;
      for (auto i = std::ranges::find(way, module); i != way.end(); ++i) circle += *i + " -> ";
      ADD_FAILURE() << circle << module;
      return;
    }
    mark[module] = 1;
    way.push_back(module);
    for (const std::string& next : uses[module]) visit(next);
    way.pop_back();
    mark[module] = 2;
  };
  std::vector<std::string> all;
  for (const auto& [module, used] : uses) all.push_back(module);
  for (const std::string& module : all) visit(module);
}

TEST(architecture, siblings_of_io_do_not_include_each_other) {
  for (const fs::path& p : sources("io")) {
    const std::string mine = fs::relative(p, top).parent_path().string();
    for (const std::string& include : own_includes(text_of(p))) {
      if (!include.starts_with("io/") || mine == "io/file")
        continue;                                      // io/file chooses among backends: io/uring is one
      if (include.starts_with("io/child/")) continue;  // io/process builds what io/child runs
      if (include.starts_with("io/channel/") && mine == "io/process") continue;  // the channel to a child
      EXPECT_TRUE(include.starts_with(mine + "/")) << p << " includes " << include;
    }
  }
}

TEST(architecture, code_between_clone_and_exec_includes_only_the_plan) {
  const std::set<std::string> allowed{"io/child/launch_plan.hpp",        "io/child/plan_places.hpp",
                                      "io/child/process_attributes.hpp", "io/child/context.hpp",
                                      "core/base/raw_syscall.hpp",       "core/base/in_root.hpp"};
  std::vector<fs::path> files = sources("io/child");
  EXPECT_GT(files.size(), 5u);
  for (const char* file : {"core/base/raw_syscall.hpp", "core/base/in_root.hpp"}) files.push_back(top / file);
  for (const fs::path& p : files) {
    ASSERT_FALSE(text_of(p).empty()) << p;
    for (const std::string& include : own_includes(text_of(p)))
      EXPECT_TRUE(allowed.contains(include)) << p << " includes " << include;
  }
}

// The rooms of io and pipeline; core is vocabulary (lxr, and lxr::oci), the folders of cli are one program (lxr::cli).
TEST(architecture, namespaces_are_named_as_their_folders) {
  for (const auto& [layer, before] : {std::pair{"io", "lxr::io::"}, {"pipeline", "lxr::"}}) {
    for (const fs::path& p : sources(layer)) {
      const std::string text = text_of(p), wanted = "namespace " + (before + p.parent_path().filename().string());
      const bool is_program = text.find("int main(") != std::string::npos || text.find("_start") != std::string::npos;
      EXPECT_TRUE(text.find(wanted) != std::string::npos || is_program) << p << " lacks " << wanted;
    }
  }
}

TEST(architecture, banned_calls) {
  struct ban {
    const char *pattern, *reason;
    std::set<std::string> except;
  };
  const ban bans[] = {
      {R"(asio::detached)", "a coroutine without a parent: use task_scope", {}},
      {R"(co_spawn\()",
       "spawning is task_scope's",
       {"core/async/task_scope.cpp", "core/async/offload.hpp", "core/async/shielded.hpp", "core/async/run.hpp"}},
      {R"(\b(popen|system)\()", "no shell: build messages and call the kernel", {}},
      {R"(std::j?thread\b)", "threads belong to worker_pool", {"core/async/offload.hpp", "core/async/offload.cpp"}},
      {R"(\b(sleep|usleep|nanosleep|sleep_for)\()", "wait for an event instead", {}},
      {R"([^A-Za-z0-9_>]::(open|openat)\((?![^;]*O_CLOEXEC))",
       "descriptors are created close-on-exec",
       {"cli/programs/lxr.cpp"}},  // the standard ones
      {R"(\b(f?printf|fputs|puts|fputc|putchar|fwrite|fflush)\(|std::c(out|err)\b)",
       "only cli/print/output.cpp prints: what comes from outside must not command a terminal",
       {"cli/print/output.cpp", "cli/programs/lxr_image.cpp", "io/seccomp/generate.cpp"}},
      {R"([^A-Za-z0-9_>]::socket\((?![^;]*SOCK_CLOEXEC))", "descriptors are created close-on-exec", {}},
      {R"([^A-Za-z0-9_>]::(pipe|dup|epoll_create)\()", "use the call that sets close-on-exec", {}},
      {R"(::flock\()", "file locks are core/base/file_lock's", {"core/base/file_lock.cpp"}},
      {R"(::clock_gettime\()", "clocks are core/base/clock's", {"core/base/clock.hpp"}},
      {R"(::pipe2\()", "pipes are io/channel's", {"io/channel/pipe.hpp"}},
      {R"(::(socketpair|sendmsg|recvmsg)\()",
       "messages are io/channel's",
       {"io/channel/message_socket.cpp", "io/channel/datagram.cpp"}},
      {R"(::isatty\(|TIOC[GS]WINSZ)", "terminals are io/tty's", {"io/tty/terminal.cpp", "io/child/terminal.cpp"}},
  };
  for (const char* layer : {"core", "io", "pipeline", "cli"}) {
    for (const fs::path& p : sources(layer)) {
      const std::string text = text_of(p), name = fs::relative(p, top).string();
      for (const ban& b : bans) {
        EXPECT_TRUE(b.except.contains(name) || !std::regex_search(text, std::regex(b.pattern)))
            << name << ": " << b.pattern << ": " << b.reason;
      }
    }
  }
}

TEST(architecture, files_stay_small) {
  for (const char* layer : {"core", "io", "pipeline", "cli"}) {
    for (const fs::path& p : sources(layer)) {
      const std::string text = text_of(p);
      const auto lines = std::count(text.begin(), text.end(), '\n');
      EXPECT_LE(lines, 400) << p;
    }
  }
}

TEST(architecture, every_source_names_its_licence_and_every_header_guards_itself_once) {
  const std::string licence = "// SPDX-License-Identifier: Apache-2.0\n";
  for (const char* folder : {"core", "io", "pipeline", "cli", "tests", "bench"}) {
    for (const fs::path& p : sources(folder)) {
      const std::string text = text_of(p);
      EXPECT_TRUE(text.starts_with(licence)) << p;
      if (p.extension() == ".hpp") EXPECT_TRUE(text.starts_with(licence + "#pragma once\n")) << p;
    }
  }
}

}  // namespace
