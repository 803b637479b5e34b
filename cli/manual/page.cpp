// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/page.hpp"

#include <cctype>
#include <sstream>

namespace lxr::cli {
namespace {

enum class style { prose, code };

// groff_char(7): what of ASCII is no plain character of its own. In code a dash is a minus and quotes are straight, so
// that a line copied from the page can be typed.
std::string escaped(std::string_view text, style how) {
  std::string out;
  for (const char c : text) {
    const bool code = how == style::code;
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-' && code) {
      out += "\\-";
    } else if (c == '\'' && code) {
      out += "\\(aq";
    } else if (c == '`') {
      out += "\\(ga";
    } else if (c == '^') {
      out += "\\(ha";
    } else if (c == '~') {
      out += "\\(ti";
    } else {
      out += c;
    }
  }
  return out;
}

// A line that begins with a dot or a quote would be a request.
std::string as_line(std::string text) {
  return (text.starts_with('.') || text.starts_with('\'') ? "\\&" : "") + std::move(text) + "\n";
}

std::string marked_up(std::string_view prose) {
  std::string out;
  bool code = false;
  for (std::size_t begin = 0; begin <= prose.size(); code = !code) {
    const std::size_t end = std::min(prose.find('`', begin), prose.size());
    const std::string_view part = prose.substr(begin, end - begin);
    out += code ? typed(part) : escaped(part, style::prose);
    begin = end + 1;
  }
  return out;
}

bool begins_value(std::string_view text, std::size_t at) {
  return std::isupper(static_cast<unsigned char>(text[at])) != 0;
}

}  // namespace

std::string typed(std::string_view text) { return "\\fB" + escaped(text, style::code) + "\\fR"; }
std::string value(std::string_view text) { return "\\fI" + escaped(text, style::code) + "\\fR"; }

manual_page::manual_page(std::string_view name, std::string_view summary, std::string_view date) {
  std::string title = escaped(name, style::code);
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  text_ = ".TH " + title + " 1 " + std::string(date) + " \"lxr " LXR_VERSION "\" \"User Commands\"\n";
  section("NAME");
  std::string begun(summary);  // in this section sentences begin small
  if (begun.size() > 1 && !begins_value(begun, 1))
    begun[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(begun[0])));
  text_ += escaped(name, style::code) + " \\- " + escaped(begun, style::prose) + "\n";
}

void manual_page::section(std::string_view title) { text_ += ".SH " + std::string(title) + "\n"; }

void manual_page::paragraph(std::string_view prose) {
  if (!text_.substr(text_.rfind('\n', text_.size() - 2) + 1).starts_with(".SH")) text_ += ".PP\n";
  text_ += as_line(marked_up(prose));
}

void manual_page::usage(std::string_view command, std::string_view synopsis) {
  text_ += typed(command);
  for (std::size_t at = 0; at < synopsis.size();) {
    std::size_t end = at;
    while (end < synopsis.size() && begins_value(synopsis, end)) ++end;
    if (at == 0 && end == 0) text_ += " ";
    text_ += end > at ? value(synopsis.substr(at, end - at)) : escaped(synopsis.substr(at, 1), style::code);
    at = std::max(end, at + 1);
  }
  text_ += "\n";
}

void manual_page::item(std::string_view tag, std::string_view prose) {
  text_ += ".TP\n" + std::string(tag) + "\n" + as_line(marked_up(prose));
}

void manual_page::example(std::string_view lines) {
  text_ += ".EX\n";
  std::istringstream text{std::string(lines)};
  for (std::string line; std::getline(text, line);) text_ += as_line(escaped(line, style::code));
  text_ += ".EE\n";
}

}  // namespace lxr::cli
