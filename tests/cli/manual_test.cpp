// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/manual.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/manual/markdown_table.hpp"
#include "cli/manual/page.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"

namespace lxr::cli {
namespace {

using words = std::vector<std::string>;

std::map<std::string, std::string> pages() {
  return manual_pages(all_commands(),
                      {"2026-11-26", file::read_at(AT_FDCWD, LXR_SOURCE_DIR "/docs/command-line.md").value()});
}

// Checks that the manual has a page for each command and group, with each of their flags.
class page_check final : public declaration_visitor {
 public:
  page_check() { visit("", all_commands()); }
  void visit(flag_set& app, const words&) override {
    expect_page(path_);
    const std::string& page = pages_["lxr-" + file_of(app.name())];
    for (const flag_set::flag& f : app.flags()) {
      for (const std::string& name : f.names()) {
        ++flags;
        EXPECT_NE(page.find(typed(name)), std::string::npos) << app.title() << " " << name;
      }
    }
  }
  void visit(const std::string& group, std::span<const command> table) override {
    expect_page(group);
    for (const command& c : table) {
      path_ = group.empty() ? c.name : group + " " + c.name;
      c.run({{}, {}, {}, this});
    }
  }
  std::size_t flags = 0, commands = 0;

 private:
  static std::string file_of(std::string name) {
    std::ranges::replace(name, ' ', '-');
    return name + ".1";
  }
  void expect_page(const std::string& name) {
    ++commands;
    EXPECT_TRUE(pages_.contains(name.empty() ? "lxr.1" : "lxr-" + file_of(name))) << name;
  }
  std::map<std::string, std::string> pages_ = pages();
  std::string path_;
};

TEST(manual, has_a_page_for_each_command_with_each_of_its_flags) {
  const page_check check;
  EXPECT_GT(check.commands, 25u);
  EXPECT_GT(check.flags, 150u);
}

TEST(manual, has_one_page_for_a_command_with_several_names) {
  auto all = pages();
  EXPECT_EQ(all["lxr-image-ls.1"], ".so man1/lxr-images.1\n");
  EXPECT_EQ(all["lxr-image-rm.1"], ".so man1/lxr-rmi.1\n");
}

TEST(manual, of_the_program_has_the_tables_of_the_command_lines_document) {
  const std::string page = pages()["lxr.1"];
  EXPECT_NE(page.find("\\fB125\\fR\n"), std::string::npos) << page;
  EXPECT_NE(page.find("\\fBLXR_ROOT, LXR_STATE\\fR\n"), std::string::npos) << page;
  EXPECT_THROW(manual_pages(all_commands(), {"2026-11-26", "# Nothing"}), error);
}

TEST(manual_page, shows_every_byte_as_it_is) {
  manual_page page("lxr-x", "Do X", "2026-11-26");
  const std::string head = page.text();
  page.section("DESCRIPTION");
  page.paragraph(R"('a' `--b 'c'` \n ~^)");
  page.example(".x\n'y'\n$(a \\ `b`)");
  EXPECT_EQ(page.text().substr(head.size()), R"(.SH DESCRIPTION
\&'a' \fB\-\-b \(aqc\(aq\fR \en \(ti\(ha
.EX
\&.x
\(aqy\(aq
$(a \e \(gab\(ga)
.EE
)");
  EXPECT_NE(head.find(".SH NAME\nlxr\\-x \\- do X\n"), std::string::npos) << head;
}

TEST(manual_page, begins_a_paragraph_but_for_the_first_of_a_section) {
  manual_page page("lxr", "X", "2026-11-26");
  page.section("A");
  page.paragraph("one");
  page.paragraph("two");
  EXPECT_TRUE(page.text().ends_with(".SH A\none\n.PP\ntwo\n")) << page.text();
}

TEST(markdown_table, is_the_first_below_its_heading) {
  const std::string text =
      "# A\n| a |\n|---|\n| 0 |\n## B\ntext\n\n| x | y |\n|---|---|\n| `1\\|2` |  b c |\n\n| z |\n";
  EXPECT_EQ(table_below(text, "## B"), (std::vector<words>{{"`1|2`", "b c"}}));
  EXPECT_EQ(table_below(text, "# A"), (std::vector<words>{{"0"}}));
  EXPECT_THROW(table_below(text, "## C"), error);
  EXPECT_THROW(table_below("# A\n# B\n| a |\n|---|\n| 0 |\n", "# A"), error);
}

}  // namespace
}  // namespace lxr::cli
