// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/base/file.hpp"
#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

using run = installation;

TEST_F(run, hands_on_output_and_exit_code) {
  const outcome o = lxr({"run", "--rm", "--network", "none", small_, "sh", "-c", "echo out; echo err >&2; exit 7"});
  EXPECT_EQ(o.code, 7);
  EXPECT_EQ(o.out, "out\n");
  EXPECT_NE(o.err.find("err\n"), std::string::npos);
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

TEST_F(run, what_the_image_asks_for_is_done) {
  EXPECT_EQ(must({"run", "--rm", registry() + "/small:config"}), "hello world\n");
  EXPECT_EQ(must({"run", "--rm", registry() + "/small:config", "there"}), "hello there\n");
  const std::string seen = must(
      {"run", "--rm", "--entrypoint", "sh", registry() + "/small:config", "-c", "pwd; id -un; id -G; echo $FOO $HOME"});
  EXPECT_EQ(seen, "/work\napp\n1000 2000\nbar /home/app\n");
}

TEST_F(run, large_output_comes_whole_and_last_words_are_not_lost) {
  must({"pull", "-q", small_});
  const outcome o = lxr({"run", "--rm", "--network", "none", small_, "sh", "-c",
                         "i=0; while [ $i -lt 20000 ]; do echo line $i of some output; i=$((i+1)); done"});
  EXPECT_EQ(std::count(o.out.begin(), o.out.end(), '\n'), 20000);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "echo", "last words"}), "last words\n");
}

TEST_F(run, standard_input_reaches_it_with_i_and_only_then) {
  std::string big;
  for (int i = 0; i < 100'000; ++i) big += std::to_string(i) + "\n";
  EXPECT_EQ(lxr({"run", "-i", "--rm", "--network", "none", small_, "cat"}, big).out, big);
  EXPECT_EQ(lxr({"run", "--rm", "--network", "none", small_, "cat"}, "not read").out, "");
}

TEST_F(run, a_closed_pipe_ends_the_client_alone) {
  must({"pull", "-q", small_});
  const std::string lxr_program = program_path("lxr");
  const outcome o = run_program(
      {"/bin/bash", "-c",
       "yes | " + lxr_program + " run -i --rm --network none " + small_ + " true; echo code $?; " + lxr_program +
           " run --rm --network none " + small_ + " sh -c 'seq 100000; exit 3' | head -1; echo codes ${PIPESTATUS[*]}"},
      {}, environment());
  EXPECT_EQ(o.out, "code 0\n1\ncodes 141 0\n") << o.err;
}

TEST_F(run, a_failing_cidfile_or_trace_leaves_no_container) {
  const outcome traced =
      lxr({"run", "-d", "--name", "box", "--network", "none", "--trace", "/nonexistent/x", small_, "sleep", "1000"});
  EXPECT_EQ(traced.code, 125);
  EXPECT_EQ(must({"ps", "-aq"}), "");
  EXPECT_NE(traced.err.find("/nonexistent/x"), std::string::npos);
  const std::string cidfile = dir_.path() + "/cid";
  EXPECT_EQ(lxr({"run", "--rm", "--cidfile", cidfile, "--network", "none", small_, "nosuch"}).code, 127);
  EXPECT_FALSE(std::filesystem::exists(cidfile));
}

TEST_F(run, exit_codes_of_commands_that_cannot_run) {
  const outcome missing = lxr({"run", "--rm", small_, "nosuchprogram"});
  EXPECT_EQ(missing.code, 127);
  EXPECT_NE(missing.err.find("executable file not found in $PATH"), std::string::npos) << missing.err;
  must({"run", "-d", "--name", "looped", small_, "sh", "-c", "ln -s loop /loop; sleep 1000"});
  EXPECT_TRUE(eventually([&] { return lxr({"exec", "looped", "/loop"}).code == 126; }));
  must({"rm", "-f", "looped"});
  const outcome no_permission = lxr({"run", "--rm", small_, "/etc/passwd"});
  EXPECT_EQ(no_permission.code, 126);
  EXPECT_NE(no_permission.err.find("permission denied"), std::string::npos);
  EXPECT_EQ(lxr({"run", "--rm", small_, "/etc"}).code, 126);
  const outcome interpreter =
      lxr({"run", "--rm", small_, "sh", "-c", "printf '#!/no/such/interpreter\\n' > /x; chmod +x /x; exec /x"});
  EXPECT_EQ(interpreter.code, 127);
  EXPECT_EQ(lxr({"run", "--rm", small_, "sh", "-c", "sh -c 'kill -9 $$'; exit $?"}).code, 137);
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

TEST_F(run, a_missing_interpreter_is_named) {
  const outcome o = lxr({"run", "--rm", "-d", "--name", "x", small_, "sh", "-c",
                         "printf '#!/no/interp\\n' > /s; chmod +x /s; sleep 1000"});
  ASSERT_EQ(o.code, 0) << o.err;
  ASSERT_TRUE(eventually([&] { return lxr({"exec", "x", "test", "-x", "/s"}).code == 0; }));
  const outcome e = lxr({"exec", "x", "/s"});
  EXPECT_EQ(e.code, 127);
  EXPECT_NE(e.err.find("/no/interp"), std::string::npos) << e.err;
}

TEST_F(run, bad_words_exit_with_125_and_say_what_is_wrong) {
  struct bad {
    std::vector<std::string> words;
    const char* said;
  };
  for (const auto& [words, said] : std::initializer_list<bad>{{{"run", "--nope", small_}, "--nope"},
                                                              {{"run"}, "no image"},
                                                              {{"run", "UPPER"}, "UPPER"},
                                                              {{"run", "--network", "moon", small_}, "moon"},
                                                              {{"run", "-m", "lots", small_}, "lots"},
                                                              {{"run", "--cpus", "nan", small_}, "nan"},
                                                              {{"run", "--name", "a b", small_}, "a b"},
                                                              {{"run", "-u", "nobody-here", small_}, "nobody-here"},
                                                              {{"run", "--pull", "never", "nothing"}, "nothing"},
                                                              {{"run", registry() + "/small:nosuchtag"}, "404"},
                                                              {{"run", "127.0.0.1:1/x"}, "127.0.0.1:1"},
                                                              {{"frobnicate"}, "frobnicate"},
                                                              {{"exec", "nobody", "true"}, "nobody"},
                                                              {{"stop"}, "CONTAINER"}}) {
    const outcome o = lxr(words);
    EXPECT_EQ(o.code, 125) << words.front() << " " << o.err;
    EXPECT_NE(o.err.find(said), std::string::npos) << o.err;
    EXPECT_EQ(o.out, "");
  }
  EXPECT_EQ(must({"ps", "-aq"}), "");
}

TEST_F(run, without_root_it_says_so) {
  std::vector<std::string> argv{"/usr/bin/setpriv", "--reuid=65534", "--clear-groups"};
  for (const std::string& w : command({"ps"})) argv.push_back(w);
  const outcome o = run_program(argv, {}, environment());
  EXPECT_EQ(o.code, 125);
  EXPECT_NE(o.err.find("root"), std::string::npos) << o.err;
}

TEST_F(run, timing_and_trace_show_the_stages) {
  const std::string trace = dir_.path() + "/trace.json";
  const outcome o = lxr({"run", "--rm", "--timing", "--trace", trace, small_, "true"});
  EXPECT_EQ(o.code, 0) << o.err;
  for (const char* stage : {"clone", "overlay", "link", "exec", "total"})
    EXPECT_NE(o.err.find(stage), std::string::npos) << stage;
  const auto events =
      json::parse(file::read_at(AT_FDCWD, trace).value_or(""), "trace").as_object().at("traceEvents").as_array();
  EXPECT_GT(events.size(), 5u);
  EXPECT_EQ(events[0].as_object().at("ph").as_string(), "X");
}

TEST_F(run, memory_and_process_limits_hold) {
  const outcome o = lxr({"run", "--rm", "-m", "32m", "--network", "none", small_, "sh", "-c", "tail /dev/zero"});
  EXPECT_EQ(o.code, 137) << o.err;
  const outcome p = lxr({"run", "--rm", "--pids-limit", "10", "--network", "none", small_, "sh", "-c",
                         "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do sleep 100 & done 2>&1; echo started"});
  EXPECT_NE((p.out + p.err).find("fork"), std::string::npos) << p.out << p.err;
}

// A container must not get at the caller's files through the streams it is given.
TEST_F(run, exec_gives_no_file_of_the_host_to_the_container) {
  must({"run", "-d", "--name", "box", "--network", "none", small_, "sleep", "1000"});
  const std::string file = dir_.path() + "/file", lxr = program_path("lxr");
  file::replace_at(AT_FDCWD, file, "secret\n", 0600);
  run_program({"/bin/sh", "-c", lxr + " exec -i box sh -c 'echo pwned > /proc/self/fd/0' < " + file}, {},
              environment());
  EXPECT_EQ(file::read_at(AT_FDCWD, file), "secret\n");
  run_program({"/bin/sh", "-c", lxr + " exec box sh -c ': > /proc/self/fd/1; echo more' >> " + file}, {},
              environment());
  EXPECT_EQ(file::read_at(AT_FDCWD, file), "secret\nmore\n");
  const outcome in = run_program({"/bin/sh", "-c", lxr + " exec -i box cat < " + file}, {}, environment());
  EXPECT_EQ(in.out, "secret\nmore\n");
}

TEST_F(run, closed_standard_descriptors_are_no_harm) {
  const outcome o = run_program(
      {"/bin/sh", "-c", program_path("lxr") + " run -d --rm --name box " + small_ + " sleep 1000 <&- >&- 2>&-"}, {},
      environment());
  EXPECT_EQ(o.code, 0);
  EXPECT_EQ(status_of("box"), "running");
  must({"kill", "box"});
  EXPECT_TRUE(eventually([&] { return must({"ps", "-aq"}).empty(); }));
}

TEST_F(run, a_client_that_does_not_read_delays_no_exit) {
  int unread[2];
  ASSERT_EQ(::pipe2(unread, O_CLOEXEC), 0);
  ::fcntl(unread[1], F_SETPIPE_SZ, 4096);
  const std::string to = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(unread[1]);
  process client(
      {"/bin/sh", "-c", "exec " + program_path("lxr") + " run --name box --network none " + small_ + " yes > " + to},
      environment());
  EXPECT_TRUE(eventually([&] { return lxr({"inspect", "box"}).code == 0 && status_of("box") == "running"; }));
  must({"stop", "-t", "0", "box"});
  EXPECT_EQ(status_of("box"), "exited");
  EXPECT_EQ(json::get_int(*json::find_object(inspect("box"), "State"), "ExitCode"), 137);
  ::close(unread[0]);
  ::close(unread[1]);
}

TEST_F(run, a_reader_that_leaves_ends_the_client) {
  const outcome o = run_program(
      {"/bin/sh", "-c", program_path("lxr") + " run --name box --network none " + small_ + " yes | head -n 1"}, {},
      environment());
  EXPECT_EQ(o.out, "y\n");
  EXPECT_EQ(status_of("box"), "running");
}

TEST_F(run, only_the_streams_asked_for_are_attached) {
  const std::vector<std::string> rest{"--network", "none", small_, "sh", "-c", "echo out; echo err >&2"};
  const auto with = [&rest](std::vector<std::string> words) {
    words.insert(words.end(), rest.begin(), rest.end());
    return words;
  };
  must({"pull", "-q", small_});
  const outcome one = lxr(with({"run", "--rm", "-a", "stdout"}));
  EXPECT_EQ(one.out + one.err, "out\n");
  const outcome both = lxr(with({"run", "--rm", "-a", "stderr", "-a", "stdout"}));
  EXPECT_EQ(both.out + both.err, "out\nerr\n");
  EXPECT_EQ(lxr(with({"run", "-d", "-a", "stdout"})).code, 125);
}

TEST_F(run, without_the_signal_proxy_signals_end_the_client_alone) {
  process client(command({"run", "--sig-proxy=false", "--name", "box", "--network", "none", small_, "sleep", "1000"}),
                 environment());
  EXPECT_TRUE(eventually([&] { return lxr({"inspect", "box"}).code == 0 && status_of("box") == "running"; }));
  EXPECT_TRUE(eventually([&] {  // a signal that comes before the client knows of the start is still the engine's
    ::kill(client.pid(), SIGTERM);
    return file::read_of_process(client.pid(), "stat").value_or("").find(") Z ") != std::string::npos;
  }));
  EXPECT_EQ(client.wait(), 143);
  EXPECT_EQ(status_of("box"), "running");
}

TEST_F(run, what_cannot_be_is_said_before_anything_starts) {
  for (const std::vector<std::string>& words : std::initializer_list<std::vector<std::string>>{
           {"run", "--rm", "--trace", "/nowhere/x", small_, "true"},
           {"run", "--rm", "--pids-limit", "-7", small_, "true"},
           {"run", "--rm", "--hostname", std::string(65, 'h'), small_, "true"},
           {"version", "--bogus"},
           {"exec", "--bogus", "box", "true"}}) {
    EXPECT_EQ(lxr(words).code, 125) << words[1];
  }
  EXPECT_EQ(must({"ps", "-aq"}), "");
  EXPECT_EQ(run_program({"/bin/sh", "-c", program_path("lxr") + " info > /dev/full"}, {}, environment()).code, 125);
}

dev_t device_of(const std::string& path) {
  struct stat st{};
  return ::stat(path.c_str(), &st) == 0 ? st.st_dev : 0;
}

TEST_F(run, a_mounted_image_is_lent_to_the_next_command) {
  const std::string a = must({"run", "-d", "--network", "none", small_, "sleep", "1000"}),
                    b = must({"run", "-d", "--network", "none", small_, "sleep", "1000"});
  const auto monitor_of = [&](const std::string& id) {
    const auto text = file::read_at(AT_FDCWD, state_ + "/containers/" + id.substr(0, 64) + "/state.json");
    return "/proc/" + std::to_string(json::get_int(
                          *json::find_object(json::parse_object(text.value_or("{}"), "state"), "monitor"), "pid"));
  };
  const auto records = std::filesystem::directory_iterator(state_ + "/mounts");
  const std::string record = begin(records)->path();
  const auto lent = json::parse_object(file::read_at(AT_FDCWD, record).value(), "record");
  ASSERT_EQ("/proc/" + std::to_string(json::get_int(*json::find_object(lent, "lender"), "pid")), monitor_of(a))
      << "the first one mounted it";
  const dev_t mount =
      device_of(monitor_of(a) + "/fd/" + std::to_string(json::find_array(lent, "mounts")->at(0).as_int64()));
  ASSERT_NE(mount, 0u);
  int borrowed = 0;
  for (const auto& fd : std::filesystem::directory_iterator(monitor_of(b) + "/fd"))
    borrowed += device_of(fd.path()) == mount ? 1 : 0;
  EXPECT_EQ(borrowed, 1);
  // A lender that is gone is nobody's loss.
  ASSERT_EQ(::kill(std::stoi(monitor_of(a).substr(6)), SIGKILL), 0);
  EXPECT_EQ(must({"run", "--rm", "--network", "none", small_, "echo", "still"}), "still\n");
  must({"rm", "-f", a.substr(0, 64), b.substr(0, 64)});
}

}  // namespace
}  // namespace lxr::test
