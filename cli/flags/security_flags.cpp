// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/security_flags.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "cli/flags/flag_values.hpp"
#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/json.hpp"
#include "core/oci/runtime_spec/capabilities.hpp"

namespace lxr::cli {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

// "net_admin" and "CAP_NET_ADMIN" are "CAP_NET_ADMIN"; "all" is "ALL".
std::string parse_capability(const std::string& word, const std::string& flag) {
  std::string upper = word;
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  if (upper == "ALL" || upper == "CAP_ALL") return "ALL";
  const auto number = oci::capability_number(upper);
  if (!number) refuse_value(flag, word, "there is no such capability; capabilities(7) lists them, and ALL means all");
  return oci::capability_name(*number);
}

void add_capabilities(std::vector<std::string>& to, const std::string& words, const std::string& flag) {
  for (std::size_t begin = 0; begin <= words.size();) {  // podman takes several, separated by commas
    const std::size_t end = std::min(words.find(',', begin), words.size());
    to.push_back(parse_capability(words.substr(begin, end - begin), flag));
    begin = end + 1;
  }
}

std::uint64_t parse_limit(const std::string& text, const std::string& whole) {
  if (text == "-1" || text == "unlimited") return unlimited;
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure == std::errc() && end == text.data() + text.size()) return value;
  refuse_value("--ulimit", whole, "a limit is a whole number, or -1 for none");
}

// "nofile=1024:4096" and "nofile=1024".
process_limit parse_ulimit(const std::string& text) {
  static constexpr std::array names{"core", "cpu",    "data",  "fsize", "locks",  "memlock", "msgqueue",   "nice",
                                    "as",   "nofile", "nproc", "rss",   "rtprio", "rttime",  "sigpending", "stack"};
  const auto equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (equals == std::string::npos) refuse_value("--ulimit", text, "it is TYPE=SOFT[:HARD], such as nofile=1024:4096");
  if (std::ranges::find(names, name) == names.end()) {
    std::string known;
    for (const char* n : names) known += (known.empty() ? "" : ", ") + std::string(n);
    refuse_value("--ulimit", text, "there is no limit \"" + name + "\"; the limits are " + known);
  }
  const std::string values = text.substr(equals + 1);
  const auto colon = values.find(':');
  process_limit limit{name, parse_limit(values.substr(0, colon), text), 0};
  limit.hard = colon == std::string::npos ? limit.soft : parse_limit(values.substr(colon + 1), text);
  if (limit.soft > limit.hard) refuse_value("--ulimit", text, "the soft limit is above the hard one");
  return limit;
}

void add_sysctl(std::map<std::string, std::string>& to, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) refuse_value("--sysctl", text, "it is NAME=VALUE");
  to[text.substr(0, equals)] = text.substr(equals + 1);
}

void add_paths(std::vector<std::string>& to, const std::string& paths, const std::string& text) {
  for (std::size_t begin = 0; begin <= paths.size();) {
    const std::size_t end = std::min(paths.find(':', begin), paths.size());
    const std::string path = paths.substr(begin, end - begin);
    if (!path.starts_with('/') && path != "ALL" && path != "all")
      refuse_value("--security-opt", text, "paths begin with / and are separated by :");
    to.push_back(path == "all" ? "ALL" : path);
    begin = end + 1;
  }
}

std::string read_profile(const std::string& path) {
  const auto text = file::read_at(AT_FDCWD, path);
  if (!text) refuse_value("--security-opt", "seccomp=" + path, "there is no such file");
  return json::dump(json::parse_object(*text, path));
}

// Docker separates name and value by "=", older ones by ":".
void set_security(security_options& o, const std::string& text) {
  const auto separator = text.find_first_of("=:");
  const std::string name = text.substr(0, separator);
  const std::string value = separator == std::string::npos ? "" : text.substr(separator + 1);
  if (name == "no-new-privileges") {
    if (!value.empty() && value != "true" && value != "false")
      refuse_value("--security-opt", text, "its value is true or false");
    o.no_new_privileges = value != "false";
  } else if (name == "seccomp" && (value == "unconfined" || value == "builtin" || value == "default")) {
    o.seccomp = value == "unconfined" ? value : "";
  } else if (name == "seccomp" && !value.empty()) {
    o.seccomp = read_profile(value);
  } else if (name == "mask" && !value.empty()) {
    add_paths(o.mask, value, text);
  } else if (name == "unmask" && !value.empty()) {
    add_paths(o.unmask, value, text);
  } else if (text == "systempaths=unconfined") {
    o.unmask = {"ALL"};
  } else if (text == "label=disable" || text == "apparmor=unconfined" || text == "label:disable") {
    // lxr confines nobody by labels or profiles of these modules: so it is.
  } else if (name == "label" || name == "apparmor" || name == "proc-opts") {
    throw error(errc::unsupported, "use --security-opt", '"' + text + '"', "lxr does not do that yet");
  } else {
    refuse_value("--security-opt", text,
                 "the options are seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL and "
                 "systempaths=unconfined");
  }
}

}  // namespace

void add_security_flags(flag_set& app, security_options& options) {
  const char* for_all = std::getenv("LXR_NO_NEW_PRIVILEGES");
  options.no_new_privileges = for_all != nullptr && std::string_view(for_all) == "1";
  app.add_flag("--privileged", options.privileged,
               "Everything that root of the host may do: all capabilities and devices, nothing masked");
  app.add_option(
         "--cap-add", [&options](const std::string& words) { add_capabilities(options.cap_add, words, "--cap-add"); },
         "Give a capability: NET_ADMIN, or ALL")
      ->takes("NAME")
      ->repeated();
  app.add_option(
         "--cap-drop",
         [&options](const std::string& words) { add_capabilities(options.cap_drop, words, "--cap-drop"); },
         "Take a capability away, or ALL")
      ->takes("NAME")
      ->repeated();
  app.add_option(
         "--security-opt", [&options](const std::string& text) { set_security(options, text); },
         "seccomp=FILE|unconfined, no-new-privileges, mask=PATHS, unmask=PATHS|ALL")
      ->takes("OPTION")
      ->repeated();
  app.add_option(
         "--sysctl", [&options](const std::string& text) { add_sysctl(options.sysctl, text); },
         "Set a kernel parameter of the container's namespaces")
      ->takes("NAME=VALUE")
      ->repeated();
  app.add_option(
         "--ulimit",
         [&options](const std::string& text) {
           const process_limit limit = parse_ulimit(text);
           std::erase_if(options.ulimits, [&limit](const process_limit& l) { return l.name == limit.name; });
           options.ulimits.push_back(limit);
         },
         "Limit a resource of its processes: nofile=1024:4096; -1 for none")
      ->takes("TYPE=SOFT[:HARD]")
      ->repeated();
}

}  // namespace lxr::cli
