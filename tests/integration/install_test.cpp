// SPDX-License-Identifier: Apache-2.0
// What `cmake --install` makes: programs that find each other, pages that man(1) shows, scripts that shells read.
#include <filesystem>

#include "tests/integration/support.hpp"

namespace lxr::test {
namespace {

class installed : public installation {
 protected:
  void SetUp() override {
    const outcome o = run_program({"/usr/bin/cmake", "--install", LXR_BINARY_DIR, "--prefix", prefix_});
    ASSERT_EQ(o.code, 0) << o.err;
  }
  void expect_success(const std::vector<std::string>& line) {
    const outcome o =
        run_program(line, {}, {"PATH=/usr/bin:/bin", "MANPATH=" + prefix_ + "/share/man", "LC_ALL=C.UTF-8"});
    EXPECT_EQ(o.code, 0) << line.front() << " " << line.back() << ": " << o.err;
    EXPECT_EQ(o.err, "") << line.front() << " " << line.back();
  }
  std::string prefix_ = dir_.path() + "/prefix";
};

TEST_F(installed, lxr_finds_its_programs) {
  const outcome o = run_program({prefix_ + "/bin/lxr", "run", "--rm", "--network", "none", small_, "echo", "found"}, {},
                                environment());
  EXPECT_EQ(o.out, "found\n") << o.err;
}

TEST_F(installed, man_shows_every_page_without_a_warning) {
  std::size_t pages = 0;
  for (const auto& page : std::filesystem::directory_iterator(prefix_ + "/share/man/man1")) {
    expect_success({"/usr/bin/man", "--warnings", "1", page.path().stem()});
    ++pages;
  }
  EXPECT_GT(pages, 25u);
}

TEST_F(installed, shells_read_their_scripts) {
  const std::string share = prefix_ + "/share";
  expect_success({"/usr/bin/bash", "-n", share + "/bash-completion/completions/lxr"});
  expect_success({"/usr/bin/zsh", "-n", share + "/zsh/site-functions/_lxr"});
  expect_success({"/usr/bin/fish", "--no-execute", share + "/fish/vendor_completions.d/lxr.fish"});
}

}  // namespace
}  // namespace lxr::test
