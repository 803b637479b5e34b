// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/env_words.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"

namespace lxr::cli {
namespace {

[[noreturn]] void bad(const std::string& flag, const std::string& value, const std::string& why) {
  throw error(errc::invalid_argument, "use " + flag, '"' + value + '"', why);
}

// Adds KEY=value; or, for a word that is only a name, the caller's variable.
void add(std::vector<std::string>& out, std::string_view word) {
  if (word.find('=') != std::string_view::npos) {
    out.emplace_back(word);
  } else if (const char* value = std::getenv(std::string(word).c_str())) {
    out.push_back(std::string(word) + "=" + value);
  }
}

// Blanks before a name: those of Unicode's White_Space that are one byte, U+0085 and U+00A0.
std::string_view skip_blanks(std::string_view line) {
  for (;;) {
    if (!line.empty() && std::string_view(" \t\v\f\r").find(line.front()) != std::string_view::npos) {
      line.remove_prefix(1);
    } else if (line.starts_with("\xc2\x85") || line.starts_with("\xc2\xa0")) {
      line.remove_prefix(2);
    } else {
      return line;
    }
  }
}

// The lines of a file of assignments, as docker reads them.
std::vector<std::string> lines_of(const std::string& text, const std::string& path, const char* flag) {
  std::vector<std::string> out;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    const std::string place = path + ":" + std::to_string(number + 1);
    if (number == 0 && line.starts_with("\xef\xbb\xbf")) line.remove_prefix(3);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = skip_blanks(line);
    if (line.empty() || line.front() == '#') continue;
    if (!json::is_utf8(line)) bad(flag, place, "the line is not UTF-8");
    const std::string name(line.substr(0, line.find('=')));
    if (name.empty()) bad(flag, place, "the line has no name before the =");
    if (name.find_first_of(" \t") != std::string::npos) bad(flag, place, "the name \"" + name + "\" has a blank in it");
    if (line.find('\0') != std::string_view::npos) bad(flag, place, "the line has a zero byte in it");
    out.emplace_back(line);
  }
  return out;
}

}  // namespace

std::vector<std::string> parse_env_file(const std::string& text, const std::string& path) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(text, path, "--env-file")) add(out, line);
  return out;
}

std::vector<std::string> parse_label_file(const std::string& text, const std::string& path) {
  return lines_of(text, path, "--label-file");
}

std::vector<std::string> environment_of_caller() {
  std::vector<std::string> out;
  for (char** variable = environ; *variable != nullptr; ++variable) out.emplace_back(*variable);
  return out;
}

std::vector<std::string> proxies_of_caller() {
  std::vector<std::string> out;
  for (const char* name :
       {"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY"})
    add(out, name);
  return out;
}

std::vector<std::string> environment_of(const std::vector<std::string>& files, const std::vector<std::string>& words) {
  std::vector<std::string> out;
  for (const std::string& path : files) {
    const auto text = file::read_at(AT_FDCWD, path);
    if (!text) bad("--env-file", path, "there is no such file");
    for (std::string& assignment : parse_env_file(*text, path)) out.push_back(std::move(assignment));
  }
  for (const std::string& word : words) {
    if (word.empty() || word.front() == '=') bad("--env", word, "it has no name");
    add(out, word);
  }
  return out;
}

}  // namespace lxr::cli
