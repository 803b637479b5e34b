// SPDX-License-Identifier: Apache-2.0
// Command lines as people and scripts type them, and what comes back.
#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class words : public installation {
 protected:
  outcome shell(const std::string& script) {
    return run_program({"/bin/bash", "-c", "lxr() { " + program_path("lxr") + " \"$@\"; }\n" + script}, {},
                       environment());
  }
};

// Issue 11, 3.4; security case 68: the image was taken for the entrypoint, and "sh" was pulled from Docker Hub.
TEST_F(words, an_empty_value_is_a_value) {
  EXPECT_EQ(must({"run", "--rm", "--network", "none", "--entrypoint=", small_, "echo", "hi"}), "hi\n");
  EXPECT_EQ(must({"run", "--rm", "--network", "none", "--entrypoint", "", "--user=", "-w", "", "--name=", "--hostname",
                  "", registry() + "/small:config", "id", "-un"}),
            "app\n");
  EXPECT_EQ(must({"run", "--rm=true", "-d=false", "--network=host", "--network=none", "-eA=1", "-eA=2", small_, "sh",
                  "-c", "echo $A; ls /sys/class/net"}),
            "2\nlo\n");
  EXPECT_EQ(must({"run", "--rm", "--network", "none", "--", small_, "echo", "--", "--rm"}), "-- --rm\n");
  for (const char* flag : {"--env=", "--label=", "--memory=", "--cpus=", "--network=", "--pull=", "--rm="}) {
    const outcome o = lxr({"run", flag, small_, "true"});
    EXPECT_EQ(o.code, 125) << flag;
    EXPECT_NE(o.err.find("\"\""), std::string::npos) << o.err;
  }
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

// Issue 11, 3.14.
TEST_F(words, mistakes_get_the_right_help_and_a_suggestion) {
  const auto refusal = [this](const std::vector<std::string>& line) {
    const outcome o = lxr(line);
    EXPECT_EQ(o.code, 125);
    EXPECT_EQ(o.out, "");
    return o.err;
  };
  EXPECT_EQ(refusal({"imags"}),
            "lxr: cannot use lxr: unknown command: imags; did you mean lxr images? see lxr --help\n");
  EXPECT_EQ(refusal({"image", "prun"}),
            "lxr: cannot use lxr image: unknown command: prun; did you mean lxr image prune? see lxr image --help\n");
  EXPECT_EQ(refusal({"run", "--entrypont", "x", small_}),
            "lxr: cannot use lxr run: unknown flag: --entrypont; did you mean --entrypoint? see lxr run --help\n");
  EXPECT_EQ(refusal({"history", "a", "b", "c"}),
            "lxr: cannot use lxr history: unexpected argument: \"b\"; see lxr history --help\n");
  EXPECT_EQ(refusal({"--rot", "x", "ps"}),
            "lxr: cannot use lxr: unknown flag: --rot; did you mean --root? see lxr --help\n");
  EXPECT_EQ(refusal({"--root=", "ps"}), "lxr: cannot use --root \"\": it is a directory\n");
  EXPECT_EQ(must({"help", "image", "rm"}), must({"image", "rm", "--help"}));
}

// Issue 11, 1.13: the result is lost, the container is not, and the caller is told.
TEST_F(words, a_result_that_does_not_arrive_is_a_failure) {
  must({"pull", "-q", small_});
  const std::string flags = " -q --network none ";
  for (const std::string& line : {"run -d --name a" + flags + small_ + " sleep 1000",
                                  "create --name b" + flags + small_ + " sleep 1000",
                                  "batch -n 2 --name c" + flags + small_ + " sleep 1000",
                                  std::string("stop -t 0 a"),
                                  std::string("start a"),
                                  std::string("start b"),
                                  std::string("ps"),
                                  std::string("ps -q"),
                                  std::string("inspect a"),
                                  std::string("images"),
                                  std::string("kill c-1"),
                                  std::string("rm -f c-1"),
                                  std::string("info"),
                                  std::string("version"),
                                  std::string("history ") + small_,
                                  std::string("system df"),
                                  std::string("image prune -f"),
                                  std::string("system prune -f"),
                                  "pull -q " + small_,
                                  std::string("--help"),
                                  std::string("ps --help")}) {
    const outcome o = shell("lxr " + line + " > /dev/full");
    EXPECT_EQ(o.code, 125) << line;
    EXPECT_NE(o.err.find("to standard output: No space left on device"), std::string::npos) << line << ": " << o.err;
  }
  EXPECT_EQ(status_of("a"), "running");
  EXPECT_EQ(status_of("b"), "running");
  EXPECT_EQ(status_of("c-2"), "running");
  EXPECT_NE(shell("lxr run -d --name d" + flags + small_ + " sleep 1000 > /dev/full").err.find("lxr rm -f d"),
            std::string::npos);
}

// Issue 11, 1.20; security case 67.
TEST_F(words, escape_sequences_from_outside_are_shown_and_not_sent) {
  const std::string hostile =
      "\x1b]0;title\x07\xc2\x9b"
      "31m";
  must({"run", "-d", "--name", "box", "--network", "none", "-l", "key=" + hostile, small_, "sh", "-c",
        "sleep 1000; : " + hostile});
  std::string shown;
  for (const std::vector<std::string>& line :
       std::initializer_list<std::vector<std::string>>{{"ps"},
                                                       {"ps", "--no-trunc"},
                                                       {"ps", "--format", "json"},
                                                       {"inspect", "box"},
                                                       {"inspect", hostile},
                                                       {"rmi", hostile},
                                                       {"pull", hostile},
                                                       {"exec", "box", hostile},
                                                       {"rm", hostile},
                                                       {hostile},
                                                       {"run", "--" + hostile}}) {
    const outcome o = lxr(line);
    shown += o.out + o.err;
  }
  EXPECT_EQ(std::ranges::count(shown, '\x1b'), 0);
  EXPECT_EQ(std::ranges::count(shown, '\x07'), 0);
  EXPECT_EQ(shown.find("\xc2\x9b"), std::string::npos);
  EXPECT_NE(shown.find("\\x1b]0;title"), std::string::npos);
}

// Issue 11, 1.20 and 3.12.
TEST_F(words, the_environment_is_what_was_asked_for_and_once) {
  const std::string path = dir_.path() + "/env";
  std::ofstream(path, std::ios::binary) << "\xef\xbb\xbf"
                                           "A=1\r\n  B=two words\r\n# no\r\nCOPIED\r\n";
  set_variable("COPIED", "from here");
  const outcome o = lxr({"run", "--rm", "--network", "none", "--env-file", path, "-e", "HOME=", small_, "env"});
  std::string env = "\n" + o.out;
  for (const char* line : {"\nA=1\n", "\nB=two words\n", "\nCOPIED=from here\n", "\nHOME=/root\n"})
    EXPECT_NE(env.find(line), std::string::npos) << line << env << o.err;
  EXPECT_EQ(env.find("HOME="), env.rfind("HOME="));
  std::ofstream(path) << "TWO WORDS=x\n";
  EXPECT_EQ(lxr({"run", "--rm", "--network", "none", "--env-file", path, small_, "true"}).code, 125);

  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  EXPECT_EQ(must({"exec", "-e", "COPIED", "-e", "HOME=", "box", "sh", "-c", "echo $COPIED $HOME"}),
            "from here /root\n");
  EXPECT_EQ(lxr({"exec", "-e", "=x", "box", "true"}).code, 125);
  EXPECT_EQ(must({"exec", "-e", "NOT_SET_HERE", "box", "sh", "-c", "echo ${NOT_SET_HERE-none}"}), "none\n");
}

// Issue 11, 1.20 and 3.13.
TEST_F(words, values_that_cannot_be_are_refused_with_the_reason) {
  const auto refused = [this](const std::string& flag, const std::string& value, const std::string& reason) {
    const outcome o = lxr({"create", flag, value, small_, "true"});
    EXPECT_EQ(o.code, 125) << flag << value;
    EXPECT_NE(o.err.find(reason), std::string::npos) << o.err;
  };
  refused("-m", "99999999t", "the largest size is 8191p");
  refused("-m", "1k", "the smallest limit is 6m");
  refused("--cpus", "1e300", "from 0.01 to 4096");
  refused("--stop-timeout", "99999999999", "from -1 to 2147483647");
  refused("--pids-limit", "9999999999999", "from -1 to 4194304");
  refused("--hostname", "a\n1.2.3.4 victim", "a host name is");
  refused("-l", "", "it has no name");
  refused("--stop-signal", "NOPE", "NOPE");
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

// Issue 11, 1.20: it said "$PATH ()".
TEST_F(words, start_of_a_missing_command_names_the_path_it_was_looked_for_in) {
  must({"create", "--name", "a", "--network", "none", small_, "nosuch"});
  must({"create", "--name", "b", "--network", "none", "-e", "PATH=/one:/two", small_, "nosuch"});
  EXPECT_NE(lxr({"start", "a"}).err.find("not found in $PATH (/usr/local/sbin:"), std::string::npos);
  EXPECT_NE(lxr({"start", "b"}).err.find("not found in $PATH (/one:/two)"), std::string::npos);
}

// Issue 11, 3.8.
TEST_F(words, logs_count_lines_and_stamp_them) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sh", "-c",
        "printf 'one\\ntw'; usleep 50000; printf 'o\\nthr'; usleep 50000; printf ee; usleep 50000; echo '!'"});
  EXPECT_EQ(must({"logs", "-f", "box"}), "one\ntwo\nthree!\n");
  EXPECT_EQ(must({"logs", "--tail", "2", "box"}), "two\nthree!\n");
  EXPECT_EQ(must({"logs", "-n0", "box"}), "");
  const std::string stamped = must({"logs", "-t", "-n", "2", "box"});
  EXPECT_EQ(std::ranges::count(stamped, 'Z'), 2);
  EXPECT_TRUE(stamped.ends_with("Z three!\n")) << stamped;
}

}  // namespace
}  // namespace lxr::test
