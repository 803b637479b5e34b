// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/flag_set.hpp"

#include <gtest/gtest.h>

#include "cli/flags/help_text.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

using words = std::vector<std::string>;

// A command with a flag of each kind.
struct sample {
  explicit sample(bool stops = false) : app("Text.", "sample") {
    app.add_flag("-i,--interactive", interactive, "");
    app.add_flag("-t,--tty", tty, "");
    app.add_option("-u,--user,--as", user, "Who");
    app.add_option("-n,--count", count, "")->range(-1, 60000);
    app.add_option("-e,--env", env, "");
    app.add_option("--pull", pull, "")->one_of({"missing", "never"});
    if (stops) app.stop_at_first_argument("IMAGE [COMMAND ...]");
    if (!stops) app.add_argument("NAME", names, "");
  }
  std::string refusal(const words& line) {
    try {
      app.parse(line);
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::invalid_argument);
      return e.what();
    }
    return "";
  }
  flag_set app;
  bool interactive = false, tty = false;
  std::string user = "nobody", pull;
  int count = 7;
  words env, names;
};

TEST(flag_set, sets_variables_the_last_word_counts_and_lists_grow) {
  sample s;
  s.app.parse(
      {"a", "-itu", "root", "--env=A=1", "b", "-e", "", "-n5", "--count", "6", "--as=", "-t=false", "--", "-e", "--"});
  EXPECT_TRUE(s.interactive);
  EXPECT_FALSE(s.tty);
  EXPECT_EQ(s.user, "");
  EXPECT_EQ(s.count, 6);
  EXPECT_EQ(s.env, (words{"A=1", ""}));
  EXPECT_EQ(s.names, (words{"a", "b", "-e", "--"}));
}

TEST(flag_set, ends_at_the_first_argument_when_told_so) {
  sample s(true);
  s.app.parse({"-i", "image", "-t", "--", "--user=x"});
  EXPECT_EQ(s.app.remaining(), (words{"image", "-t", "--", "--user=x"}));
  EXPECT_FALSE(s.tty);
  sample t(true);
  t.app.parse({"-i", "--", "-t", "--"});
  EXPECT_EQ(t.app.remaining(), (words{"-t", "--"}));
}

TEST(flag_set, a_single_dash_and_an_empty_word_are_arguments) {
  sample s;
  s.app.parse({"-", ""});
  EXPECT_EQ(s.names, (words{"-", ""}));
}

// pflag's own oddity: "-u=" is the value "=", not the empty one, and never the next word.
TEST(flag_set, an_equals_sign_with_nothing_behind_is_a_value_of_one_letter) {
  sample s;
  s.app.parse({"-u=", "a"});
  EXPECT_EQ(s.user, "=");
  EXPECT_EQ(s.names, words{"a"});
}

// Issue 11, 3.14: the command is named, its help, and what was probably meant.
TEST(flag_set, refusals_name_the_command_its_help_and_what_was_meant) {
  EXPECT_EQ(sample().refusal({"--usr", "x"}),
            "cannot use lxr sample: unknown flag: --usr; did you mean --user? see lxr sample --help");
  EXPECT_EQ(sample().refusal({"--zzzzzz", "x"}),
            "cannot use lxr sample: unknown flag: --zzzzzz; see lxr sample --help");
  EXPECT_EQ(sample().refusal({"--root=/x", "x"}),
            "cannot use lxr sample: unknown flag: --root; it stands before the command: lxr --root DIR sample; see lxr "
            "sample --help");
  EXPECT_EQ(sample().refusal({"-ix", "x"}),
            "cannot use lxr sample: unknown shorthand flag: 'x' in -ix; see lxr sample --help");
  EXPECT_EQ(
      sample().refusal({"-pull=never", "x"}),
      "cannot use lxr sample: unknown shorthand flag: 'p' in -pull=never; did you mean --pull? see lxr sample --help");
  EXPECT_EQ(sample().refusal({"-iu"}),
            "cannot use lxr sample: flag needs an argument: 'u' in -iu; see lxr sample --help");
  EXPECT_EQ(sample().refusal({"---x"}), "cannot use lxr sample: bad flag syntax: ---x; see lxr sample --help");
  EXPECT_EQ(sample().refusal({}), "cannot use lxr sample: no NAME was given; see lxr sample --help");
  EXPECT_EQ(sample().refusal({"--pull", "now", "x"}), "cannot use --pull \"now\": it is missing or never");
  for (const char* bad : {"", "x", "1x", " 1", "60001", "-2", "+-1", "99999999999999999999", "1e3", "0x10"}) {
    EXPECT_EQ(sample().refusal({"-n", bad, "x"}),
              std::string("cannot use --count \"") + bad + "\": it is a number from -1 to 60000");
  }
}

// Issue 11, 3.14: arguments are named in the order in which they were given.
TEST(flag_set, the_first_word_too_many_is_named) {
  flag_set one("", "one"), none("", "none");
  std::string name;
  one.add_argument("NAME", name, "");
  const auto refusal = [](flag_set& app, const words& line) -> std::string {
    try {
      app.parse(line);
    } catch (const error& e) {
      return e.reason();
    }
    return "";
  };
  EXPECT_EQ(refusal(one, {"a", "b", "c"}), "unexpected argument: \"b\"");
  EXPECT_EQ(refusal(none, {"a", "b"}), "it takes no arguments, and was given \"a\"");
}

TEST(flag_set, tells_what_the_next_word_may_be) {
  const auto value_of = [](const words& line) {
    sample s;
    const flag_set::flag* f = s.app.after(line).value_of;
    return f == nullptr ? "" : f->name();
  };
  EXPECT_EQ(value_of({"a", "--pull"}), "--pull");
  EXPECT_EQ(value_of({"-itu"}), "--as");
  for (const words& line : {words{}, {"--pull=never"}, {"--pull", "never"}, {"-it"}, {"-uroot"}, {"--", "--pull"}})
    EXPECT_EQ(value_of(line), "") << line.size();
  sample open, ended, stopping(true), stopped(true);
  EXPECT_TRUE(open.app.after({"a", "-i"}).may_be_flag);
  EXPECT_FALSE(ended.app.after({"a", "--"}).may_be_flag);
  EXPECT_TRUE(stopping.app.after({"-i"}).may_be_flag);
  EXPECT_FALSE(stopped.app.after({"-i", "image"}).may_be_flag);
  EXPECT_THROW(sample().app.after({"--unknown", "a"}), error);
}

TEST(flag_set, the_next_argument_has_the_source_of_its_place) {
  std::string first;
  words rest;
  const auto source_after = [&](const words& line) {
    flag_set app("", "sample");
    app.add_argument("FIRST", first, "", value_source::files);
    app.add_argument("REST", rest, "", value_source::images);
    return app.after(line).argument;
  };
  EXPECT_EQ(source_after({}), value_source::files);
  EXPECT_EQ(source_after({"a"}), value_source::images);
  EXPECT_EQ(source_after({"a", "b", "c"}), value_source::images);
  flag_set one("", "one"), command("", "command"), behind("", "behind");
  one.add_argument("ONE", first, "", value_source::files);
  EXPECT_EQ(one.after({"a"}).argument, value_source::none);
  command.stop_at_first_argument("IMAGE", value_source::images);
  EXPECT_EQ(command.after({}).argument, value_source::images);
  behind.stop_at_first_argument("IMAGE", value_source::images);
  EXPECT_EQ(behind.after({"image"}).argument, value_source::none);
}

TEST(flag_set, help_is_a_flag_that_needs_no_arguments) {
  for (const words& line : {words{"--help"}, words{"-h"}, words{"-ih"}, words{"a", "--help=true"}}) {
    sample s;
    s.app.parse(line);
    EXPECT_TRUE(s.app.wants_help());
  }
  const std::string help = help_text(sample().app);
  EXPECT_NE(help.find("Usage: lxr sample [OPTIONS] NAME [NAME ...]\n"), std::string::npos) << help;
  EXPECT_NE(help.find("  -u, --user, --as TEXT       Who\n"), std::string::npos) << help;
}

TEST(flag_set, names_flags_that_it_lacks) {
  flag_set app("", "run");
  app.lacks("--gpus -p");
  const auto said = [&app](const words& line) {
    try {
      app.parse(line);
    } catch (const error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(said({"--gpus", "all"}).find("does not have the flag --gpus yet"), std::string::npos);
  EXPECT_NE(said({"-p", "80:80"}).find("does not have the flag -p yet"), std::string::npos);
  EXPECT_NE(said({"--gpu"}).find("unknown flag"), std::string::npos);
}

}  // namespace
}  // namespace lxr::cli
