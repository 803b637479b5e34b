// SPDX-License-Identifier: Apache-2.0
// What the comments of headers have to say, so that a caller need not read the code.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;
const fs::path top = LXR_SOURCE_DIR;

struct line {
  std::string code, comment;  // without blanks around them; both may be empty
  int number = 0;
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Splits one line at the first "//" outside of string and character literals. Headers have no /* */ and no raw strings.
line split(const std::string& text, int number) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool separates_digits =
        text[i] == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0;
    if (quote != 0) {
      if (text[i] == quote) quote = 0;
      if (text[i] == '\\') ++i;
    } else if (text[i] == '"' || (text[i] == '\'' && !separates_digits)) {
      quote = text[i];
    } else if (text.compare(i, 2, "//") == 0) {
      const std::string_view all = text;
      return {std::string(trimmed(all.substr(0, i))), std::string(trimmed(all.substr(i + 2))), number};
    }
  }
  return {std::string(trimmed(text)), "", number};
}

std::vector<line> lines_of(const fs::path& p) {
  std::ifstream in(p);
  std::vector<line> out;
  std::string text;
  while (std::getline(in, text)) out.push_back(split(text, static_cast<int>(out.size()) + 1));
  return out;
}

// One declaration: its text up to ';' or '{', the comments before and after it, and its place.
struct declaration {
  std::string text = {}, comment = {};
  std::string class_name = {}, class_comment = {};  // of the class it is a member of; empty at namespace scope
  bool is_public = true;
  bool has_body = false;
  int number = 0;
};

// Reads a header as a list of declarations: those at namespace scope, and members of classes at namespace scope. The
// comment on a `namespace` counts for every declaration in it. Bodies of functions, enumerations and nested classes are
// skipped.
class header {
 public:
  explicit header(const fs::path& p) {
    for (const line& l : lines_of(p)) read(l);
  }
  [[nodiscard]] const std::vector<declaration>& declarations() const { return declarations_; }

 private:
  enum class kind { name_space, type, other };
  struct scope {
    kind what;
    std::string name, comment;
    bool is_public;
  };

  void read(const line& l) {
    if (l.code.empty()) {
      if (l.comment.empty()) {
        if (text_.empty()) block_.clear();
      } else {
        (text_.empty() ? block_ : trailing_) += l.comment + "\n";
      }
      return;
    }
    if (l.code.starts_with('#')) return;
    if (l.code == "public:" || l.code == "protected:" || l.code == "private:") {
      if (!scopes_.empty() && scopes_.back().what == kind::type) scopes_.back().is_public = l.code == "public:";
      block_.clear();
      return;
    }
    if (text_.empty()) number_ = l.number;
    trailing_ += l.comment;
    consume(l.code);
    if (!text_.empty()) text_ += ' ';
  }

  void consume(const std::string& code) {
    char quote = 0;
    for (std::size_t i = 0; i < code.size(); ++i) {
      const char c = code[i];
      const bool separates_digits = c == '\'' && i > 0 && std::isalnum(static_cast<unsigned char>(code[i - 1])) != 0;
      if (quote != 0) {
        if (c == quote) quote = 0;
        if (c == '\\') ++i;
      } else if (c == '"' || (c == '\'' && !separates_digits)) {
        quote = c;
      } else if (c == '{') {
        open();
      } else if (c == '}') {
        close();
      } else if (c == ';') {
        end();
      } else if (in_body() == 0) {
        text_ += c;
      }
    }
  }

  // The number of open braces whose content is skipped.
  [[nodiscard]] std::ptrdiff_t in_body() const {
    return std::ranges::count_if(scopes_, [](const scope& s) { return s.what == kind::other; });
  }
  [[nodiscard]] std::ptrdiff_t types() const {
    return std::ranges::count_if(scopes_, [](const scope& s) { return s.what == kind::type; });
  }

  void open() {
    static const std::regex type(R"(^(?:template\s*<.*>\s*)?(class|struct)\s+(\w+)[^()=]*$)");
    static const std::regex name_space(R"(^(?:inline\s+)?namespace\b)");
    const std::string head(trimmed(text_));
    std::smatch found;
    if (in_body() == 0 && std::regex_search(head, name_space)) {
      scopes_.push_back({kind::name_space, "", block_, true});
      clear();
    } else if (in_body() == 0 && types() == 0 && std::regex_search(head, found, type)) {
      add(true);
      scopes_.push_back({kind::type, found[2], declarations_.back().comment, found[1] == "struct"});
      clear();
    } else {
      if (in_body() == 0) add(true);
      scopes_.push_back({kind::other, "", "", true});
    }
  }

  void close() {
    if (scopes_.empty()) return;
    const kind what = scopes_.back().what;
    scopes_.pop_back();
    if (in_body() == 0 && (what != kind::other || depth_of_parentheses() == 0)) clear();
  }

  // Above 0 the brace that closes belongs to a default argument: the declaration goes on.
  [[nodiscard]] std::ptrdiff_t depth_of_parentheses() const {
    return std::ranges::count(text_, '(') - std::ranges::count(text_, ')');
  }

  void end() {
    if (in_body() != 0) return;
    if (!trimmed(text_).empty()) add(false);
    clear();
  }

  void add(bool has_body) {
    declaration d{
        .text = std::string(trimmed(text_)), .comment = block_ + trailing_, .has_body = has_body, .number = number_};
    for (const scope& s : scopes_) {
      if (s.what == kind::name_space) d.comment += s.comment;
      if (s.what != kind::type) continue;
      d.class_name = s.name;
      d.class_comment = s.comment;
      d.is_public = s.is_public;
    }
    declarations_.push_back(std::move(d));
  }

  void clear() {
    text_.clear();
    block_.clear();
    trailing_.clear();
  }

  std::vector<scope> scopes_;
  std::vector<declaration> declarations_;
  std::string text_, block_, trailing_;
  int number_ = 0;
};

std::vector<fs::path> sources_and_headers() {
  std::vector<fs::path> out;
  for (const char* layer : {"core", "io", "pipeline", "cli"}) {
    for (const auto& e : fs::recursive_directory_iterator(top / layer)) {
      if (e.path().extension() == ".hpp" || e.path().extension() == ".cpp") out.push_back(e.path());
    }
  }
  std::ranges::sort(out);
  return out;
}

std::vector<fs::path> headers() {
  std::vector<fs::path> out = sources_and_headers();
  std::erase_if(out, [](const fs::path& p) { return p.extension() != ".hpp"; });
  return out;
}

std::string place(const fs::path& p, const declaration& d) {
  return fs::relative(p, top).string() + ":" + std::to_string(d.number);
}

bool says(const std::string& comment, const char* word) { return comment.find(word) != std::string::npos; }

TEST(documentation, every_class_says_how_to_use_it) {
  static const std::regex type(R"(^(?:template\s*<.*>\s*)?class\s+(\w+)[^()=;]*$)");
  std::size_t seen = 0;
  for (const fs::path& p : headers()) {
    const header h(p);
    for (const declaration& d : h.declarations()) {
      std::smatch found;
      if (!d.class_name.empty() || !std::regex_search(d.text, found, type)) continue;
      if (!d.has_body) continue;  // a forward declaration
      ++seen;
      const bool enough = says(d.comment, "Lifecycle") || says(d.comment, "Runs on") || says(d.comment, "Borrows") ||
                          says(d.comment, "Owns");
      EXPECT_TRUE(enough) << place(p, d) << ": class " << found[1]
                          << ": its comment says neither Lifecycle, Runs on, Owns nor Borrows";
    }
  }
  EXPECT_GT(seen, 40u);
}

TEST(documentation, every_task_says_how_it_fails_and_is_cancelled) {
  static const std::regex returns_task(R"((?:^|[\s>])task<.*>\s+(\w+)\s*$)");
  std::size_t seen = 0;
  for (const fs::path& p : headers()) {
    const header h(p);
    for (const declaration& d : h.declarations()) {
      std::smatch found;
      const std::string head = d.text.substr(0, d.text.find('('));
      if (!d.is_public || head == d.text || !std::regex_search(head, found, returns_task)) continue;
      ++seen;
      for (const char* word : {"Failure", "Cancel"}) {
        EXPECT_TRUE(says(d.comment, word) || says(d.class_comment, word))
            << place(p, d) << ": " << found[1] << "(): no " << word;
      }
    }
  }
  EXPECT_GT(seen, 40u);
}

TEST(documentation, every_class_with_tasks_says_where_they_run_and_in_which_order) {
  static const std::regex returns_task(R"((?:^|[\s>])task<)");
  std::set<std::string> seen;
  for (const fs::path& p : headers()) {
    const header h(p);
    for (const declaration& d : h.declarations()) {
      const std::string head = d.text.substr(0, d.text.find('('));
      if (d.class_name.empty() || !d.is_public || head == d.text || !std::regex_search(head, returns_task)) continue;
      if (!seen.insert(d.class_name).second) continue;
      for (const char* word : {"Lifecycle", "Runs on"})
        EXPECT_TRUE(says(d.class_comment, word)) << place(p, d) << ": class " << d.class_name << ": no " << word;
    }
  }
  EXPECT_GT(seen.size(), 15u);
}

// Words that leave open which process, object or place is meant.
TEST(documentation, comments_name_what_they_mean) {
  static const std::regex vague(
      R"(\b(whoever|somebody|somewhere|so many|on (?:its|their) way|told apart|what is there|the word behind)\b)"
      R"(|\b(?:stands?|comes?|goes|follows|lies) behind\b)",
      std::regex::icase);
  std::size_t seen = 0;
  for (const fs::path& p : sources_and_headers()) {
    for (const line& l : lines_of(p)) {
      std::smatch found;
      if (!l.comment.empty()) ++seen;
      EXPECT_FALSE(std::regex_search(l.comment, found, vague))
          << fs::relative(p, top).string() << ":" << l.number << ": \"" << found[0]
          << "\" names nothing: " << l.comment;
    }
  }
  EXPECT_GT(seen, 1500u);
}

// No rule of the headers: shows that the reader above finds the declarations it should find, and no others.
TEST(documentation, finds_declarations_in_a_header) {
  const fs::path p = fs::temp_directory_path() / "lxr_documentation_test.hpp";
  std::ofstream(p) << "#pragma once\n// Of all.\nnamespace a {\n\nclass forward;\n// Owns: it.\ntemplate <class "
                      "T>\nclass one final : base {\n public:\n"
                      "  one() : b_{1} { f(\"{\"); }\n  // Cancel: none.\n  task<std::optional<int>> get(int a = "
                      "1'000,\n      int b = 2);  // behind\n"
                      " private:\n  task<void> hidden();\n  struct inner {\n    task<void> deep();\n  };\n  int "
                      "b_;\n};\n\ntask<void> free();\n}\n";
  const header h(p);
  fs::remove(p);
  const auto find = [&](const std::string& text) {
    const auto found = std::ranges::find_if(
        h.declarations(), [&](const declaration& d) { return d.text.find(text) != std::string::npos; });
    return found == h.declarations().end() ? declaration{} : *found;
  };
  EXPECT_EQ(find("class one").comment, "Owns: it.\nOf all.\n");
  EXPECT_EQ(find("get(").class_name, "one");
  EXPECT_EQ(find("get(").comment, "Cancel: none.\nbehindOf all.\n");
  EXPECT_TRUE(find("get(").is_public);
  EXPECT_FALSE(find("hidden(").is_public);
  EXPECT_EQ(find("deep(").text, "");
  EXPECT_EQ(find("free(").class_name, "");
  EXPECT_EQ(find("free(").number, 22);
}

}  // namespace
