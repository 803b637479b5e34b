// SPDX-License-Identifier: Apache-2.0
// Terminals, driven as a person would: tmux types and shows the screen.
#include <fcntl.h>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class terminal : public installation {
 protected:
  void SetUp() override {
    must({"pull", "-q", small_});
    tmux({"new-session", "-d", "-x", "90", "-y", "25", "bash", "--norc"});
    type("PS1='host$ '");
    for (const std::string& v : environment()) type("export " + v);
    type("alias lxr=" + program_path("lxr") + "; clear");
  }
  void TearDown() override {
    tmux({"kill-server"});
    installation::TearDown();
  }
  outcome tmux(std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/tmux", "-S", dir_.path() + "/tmux", "-f", "/dev/null"});
    return run_program(words);
  }
  void type(const std::string& line) { tmux({"send-keys", "-l", line}), tmux({"send-keys", "Enter"}); }
  void key(const std::string& name) { tmux({"send-keys", name}); }
  std::string screen() { return tmux({"capture-pane", "-p"}).out; }
  // The screen ends with this line (after blank ones).
  bool shows(const std::string& text) {
    return eventually([&] { return screen().find(text) != std::string::npos; });
  }
};

TEST_F(terminal, a_shell_in_a_container_and_back) {
  type("lxr run -it --rm --network none " + small_ + " sh");
  EXPECT_TRUE(shows("/ #")) << screen();
  type("tty; stty size; echo TERM=$TERM");
  EXPECT_TRUE(shows("/dev/pts/0\n25 90\nTERM=xterm")) << screen();
  tmux({"resize-window", "-x", "70", "-y", "20"});
  EXPECT_TRUE(eventually([&] {
    type("clear; stty size");
    return shows("20 70");
  })) << screen();
  type("clear; exit 5");
  EXPECT_TRUE(shows("host$")) << screen();
  type("echo code $?; stty -a | grep -o -w -e icanon -e -icanon");
  EXPECT_TRUE(shows("code 5\nicanon")) << screen();
}

TEST_F(terminal, control_c_is_the_containers_to_handle) {
  type("lxr run -it --rm --network none " + small_ +
       " sh -c 'trap \"echo caught; exit 3\" INT; echo rea\"\"dy; while :; do sleep 0.05; done'");
  EXPECT_TRUE(shows("\nready"));
  key("C-c");
  EXPECT_TRUE(shows("caught")) << screen();
}

TEST_F(terminal, exec_gives_the_best_shell_and_restores_the_terminal) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  type("lxr exec box");
  EXPECT_TRUE(shows("/ #")) << screen();
  type("clear; ls -l /proc/$$/exe | grep -o busybox; tty");
  EXPECT_TRUE(shows("/dev/pts/0")) << screen();
  key("C-d");
  EXPECT_TRUE(shows("host$")) << screen();
  type("clear; stty -a | grep -o -w -e ican\"\"on -e -ican\"\"on");  // what is typed is on the screen, too
  EXPECT_TRUE(shows("icanon")) << screen();
  EXPECT_EQ(screen().find("-icanon"), std::string::npos);
}

TEST_F(terminal, detaching_leaves_it_running_and_its_output_logged) {
  type("lxr run -it --name box --network none " + small_ + " sh -c 'echo rea\"\"dy; sleep 1000'");
  EXPECT_TRUE(shows("\nready"));
  key("C-p");
  key("C-q");
  EXPECT_TRUE(shows("host$"));
  EXPECT_EQ(status_of("box"), "running");
  EXPECT_EQ(must({"logs", "box"}), "ready\r\n");
}

TEST_F(terminal, other_detach_keys_take_the_place_of_the_usual_ones) {
  type("lxr run -it --detach-keys ctrl-a,d --name box --network none " + small_ +
       " sh -c 'echo rea\"\"dy; stty raw -echo; dd bs=1 count=3 2>/dev/null | od -c; sleep 1000'");
  EXPECT_TRUE(shows("\nready"));
  key("C-p");
  key("C-a");
  key("x");
  EXPECT_TRUE(shows("020 001   x")) << screen();  // what was no detach sequence arrives
  key("C-a");
  key("d");
  EXPECT_TRUE(shows("host$"));
  EXPECT_EQ(status_of("box"), "running");
}

TEST_F(terminal, a_killed_client_restores_nothing_it_did_not_change_and_leaves_the_container) {
  type("lxr run --name box --network none " + small_ + " sh -c 'echo rea\"\"dy; sleep 1000'");
  EXPECT_TRUE(shows("\nready"));
  run_program({"/usr/bin/pkill", "-KILL", "-f", "lxr run --name box --network none " + small_ + " sh -c", "--oldest"});
  EXPECT_TRUE(shows("Killed")) << screen();
  EXPECT_EQ(status_of("box"), "running");
}

TEST_F(terminal, without_a_terminal_minus_t_is_refused) {
  const outcome o = lxr({"run", "-it", "--rm", small_, "sh"}, "x");
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("the input device is not a TTY"), std::string::npos);
}

// Issue 11, 1.3: a terminal takes 4 KiB until its program reads.
TEST_F(terminal, a_paste_larger_than_a_terminal_takes_arrives_whole) {
  const std::string text = dir_.path() + "/text";
  std::string lines;
  for (int i = 0; i < 400; ++i) lines += std::to_string(100000 + i) + " 0123456789012345678901234567890\n";
  file::replace_at(AT_FDCWD, text, lines, 0644);
  type("lxr run -it --rm --network none " + small_ + " sh -c 'stty -echo; echo rea\"\"dy; sleep 1; md5sum'");
  EXPECT_TRUE(shows("\nready"));
  tmux({"load-buffer", text});
  tmux({"paste-buffer", "-r"});
  key("C-d");
  const std::string sum = run_program({"/usr/bin/md5sum", text}).out.substr(0, 32);
  EXPECT_TRUE(shows(sum)) << screen();
  EXPECT_TRUE(shows("host$"));
}

// Issue 11, 3.7: the size is there before the program begins.
TEST_F(terminal, the_first_instruction_sees_the_size) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  type("clear; for i in $(seq 25); do lxr run -it --rm --network none " + small_ +
       " stty size; lxr exec -it box stty size; done | sort | uniq -c; echo al\"\"l");
  EXPECT_TRUE(shows("\nall")) << screen();
  EXPECT_NE(screen().find("50 25 90"), std::string::npos) << screen();
}

// Issue 11, 3.9: detaching leaves what exec started alone, and its terminal open.
TEST_F(terminal, detaching_from_exec_leaves_the_command_running) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  type("lxr exec -it box sh -c 'echo rea\"\"dy; while :; do echo on >> /out; sleep 0.1; done'");
  EXPECT_TRUE(shows("\nready"));
  key("C-p");
  key("C-q");
  EXPECT_TRUE(shows("host$"));
  const auto lines = [&] { return std::stoi(lxr({"exec", "box", "sh", "-c", "wc -l < /out"}).out); };
  const int before = lines();
  EXPECT_TRUE(eventually([&] { return lines() > before + 5; }));
}

// Issue 11, 3.9: a terminal that is gone takes its client along, whatever the container makes of SIGHUP.
TEST_F(terminal, closing_it_leaves_no_client_and_no_container_that_was_to_be_removed) {
  type("lxr run -it --rm --stop-timeout 0 --network none " + small_ +
       " sh -c 'trap \"\" HUP TERM; echo rea\"\"dy; while :; do sleep 0.05; done'");
  EXPECT_TRUE(shows("\nready"));
  tmux({"kill-server"});
  EXPECT_TRUE(eventually(
      [&] { return run_program({"/usr/bin/pgrep", "-f", "--", "lxr run -it --rm --stop-timeout 0"}).out.empty(); }));
  EXPECT_TRUE(eventually([&] { return must({"ps", "-aq"}).empty(); }));
}

TEST_F(terminal, the_third_control_c_ends_the_client_of_a_deaf_container) {
  type("lxr run --name box --network none " + small_ +
       " sh -c 'trap \"\" INT; echo rea\"\"dy; while :; do sleep 0.05; done'");
  EXPECT_TRUE(shows("\nready"));
  for (int i = 0; i < 3; ++i) key("C-c");
  EXPECT_TRUE(shows("left without waiting")) << screen();
  EXPECT_EQ(status_of("box"), "running");
}

// Completion in bash, as Debian's bash-completion loads it: names of what lives in the instance of the command line.
TEST_F(terminal, bash_completes_names_of_containers_and_images_and_flags) {
  must({"run", "-d", "--name", "completed", "--network", "none", small_, "sleep", "1000"});
  type("PATH=" + std::string(LXR_BINARY_DIR) + ":$PATH; unalias lxr; . /usr/share/bash-completion/bash_completion");
  type(". <(lxr completion bash); clear");
  const auto completes = [this](const std::string& typed, const std::string& whole) {
    tmux({"send-keys", "-l", typed});
    key("Tab");
    tmux({"send-keys", "-l", "|"});  // shows where the completed word ends
    EXPECT_TRUE(shows("host$ " + whole + "|")) << screen();
    key("C-u");
  };
  completes("lxr exec com", "lxr exec completed ");
  completes("lxr --state " + dir_.path() + "/nowhere exec com", "lxr --state " + dir_.path() + "/nowhere exec com");
  completes("lxr run --network=no", "lxr run --network=none ");
  completes("lxr run " + small_.substr(0, small_.size() - 3), "lxr run " + small_ + " ");
  EXPECT_EQ(screen().find("lxr:"), std::string::npos) << screen();
}

}  // namespace
}  // namespace lxr::test
