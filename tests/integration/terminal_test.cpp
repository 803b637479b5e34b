// Terminals, driven as a person would: tmux types and shows the screen.
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
  type("lxr run -it --rm --network none " + small_ + " sh -c 'trap \"echo caught; exit 3\" INT; echo rea\"\"dy; while :; do sleep 0.05; done'");
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
  type("clear; stty -a | grep -o -w -e icanon -e -icanon");
  EXPECT_TRUE(shows("icanon"));
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
  type("lxr run -it --detach-keys ctrl-a,d --name box --network none " + small_ + " sh -c 'echo rea\"\"dy; stty raw -echo; dd bs=1 count=3 2>/dev/null | od -c; sleep 1000'");
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

}  // namespace
}  // namespace lxr::test
