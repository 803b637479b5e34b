// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/attach_flags.hpp"

#include <algorithm>
#include <sstream>

#include "core/base/error.hpp"

namespace lxr::cli {

std::string parse_detach_keys(const std::string& text) {
  std::string keys;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const bool control = word.starts_with("ctrl-") && word.size() == 6;
    const char c = word.empty() ? '\0' : word.back();
    const bool letter = c >= 'a' && c <= 'z';
    if (control && (letter || std::string_view("@[\\]^_").find(c) != std::string_view::npos)) {
      keys += static_cast<char>(c & 0x1f);
    } else if (word.size() == 1 && (letter || (c >= 'A' && c <= 'Z'))) {
      keys += c;
    } else {
      throw error(errc::invalid_argument, "use --detach-keys", '"' + text + '"', "\"" + word + "\" is no key",
                  "keys are letters and ctrl-a to ctrl-z, separated by commas");
    }
  }
  return keys;
}

void attach_flags::add_detach_keys(flag_set& app) {
  app.add_option("--detach-keys", detach_keys, "Keys that leave the container running; \"\" for none (ctrl-p,ctrl-q)")
      ->takes("KEYS");
}

void attach_flags::add_sig_proxy(flag_set& app) {
  app.add_flag("--sig-proxy", sig_proxy, "Hand signals on to the container; =false to keep them (true)");
}

void attach_flags::add_streams(flag_set& app) {
  app.add_option("-a,--attach", streams, "Attach only to stdin, stdout or stderr")
      ->one_of({"stdin", "stdout", "stderr"});
}

void attach_flags::apply_to(session_options& session) const {
  const auto wanted = [this](const char* name) {
    return streams.empty() || std::ranges::find(streams, name) != streams.end();
  };
  session.detach_keys = parse_detach_keys(detach_keys);
  session.sig_proxy = sig_proxy;
  session.output = wanted("stdout");
  session.errors = wanted("stderr");
}

}  // namespace lxr::cli
