// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/mount_words.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <vector>

#include "cli/flags/flag_values.hpp"
#include "core/base/error.hpp"
#include "core/instance/names.hpp"

namespace lxr::cli {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

[[noreturn]] void not_yet(const std::string& flag, const std::string& word, const std::string& option) {
  throw error(errc::unsupported, "use " + flag, '"' + word + '"', "lxr does not do \"" + option + "\" yet");
}

// A word of mount(8) that bind mounts take. Sets what needs more than the word itself.
void add_bind_option(mount_request& out, const std::string& option, const std::string& flag, const std::string& word) {
  static constexpr std::array known{
      "ro",    "rw",      "suid",     "nosuid",     "dev",        "nodev",       "exec",   "noexec",
      "atime", "noatime", "diratime", "nodiratime", "relatime",   "norelatime",  "shared", "rshared",
      "slave", "rslave",  "private",  "rprivate",   "unbindable", "runbindable", "bind",   "rbind",
      "rro",   "rrw",     "rnosuid",  "rnodev",     "rnoexec",    "idmap",       "ridmap"};
  static constexpr std::array for_other_hosts{"z", "Z", "consistent", "cached", "delegated", "copy"};
  if (std::ranges::find(known, option) != known.end()) {
    out.options.push_back(option);
  } else if (option == "nocopy") {
    out.no_copy = true;
  } else if (option == "U" || option == "O" || option.starts_with("idmap=") || option.starts_with("upperdir=")) {
    not_yet(flag, word, option);
  } else if (std::ranges::find(for_other_hosts, option) == for_other_hosts.end() && !option.empty()) {
    refuse_value(flag, word, "there is no option \"" + option + '"');
  }
}

// An option of a tmpfs (tmpfs(5)), or a word of mount(8) that says nothing about a source.
void check_tmpfs_option(const std::string& option, const std::string& flag, const std::string& word) {
  static constexpr std::array words{"ro",       "rw",         "suid",     "nosuid",     "dev",         "nodev",
                                    "exec",     "noexec",     "sync",     "async",      "atime",       "noatime",
                                    "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime",
                                    "private",  "rprivate",   "noswap",   "inode32",    "inode64",     "defaults"};
  static constexpr std::array keys{"size", "nr_blocks", "nr_inodes", "mode", "uid", "gid", "huge", "mpol"};
  const auto equals = option.find('=');
  const std::string key = option.substr(0, equals),
                    value = equals == std::string::npos ? "" : option.substr(equals + 1);
  if (equals == std::string::npos ? std::ranges::find(words, key) == words.end()
                                  : std::ranges::find(keys, key) == keys.end())
    refuse_value(flag, word, "a tmpfs has no option \"" + option + '"');
  const bool is_number = key == "uid" || key == "gid", is_size = key.starts_with("nr_") || key == "size";
  const std::string digits = key == "mode" ? "01234567" : "0123456789";
  const auto end = value.find_first_not_of(digits);
  const bool all_digits = !value.empty() && end == std::string::npos;
  const bool has_suffix = is_size && end != 0 && end != std::string::npos && end + 1 == value.size() &&
                          std::string_view("kKmMgGtT%").find(value[end]) != std::string_view::npos;
  const bool fits = key != "mode" || value.size() <= 5;
  if ((key == "mode" || is_number || is_size) && !((all_digits && fits) || has_suffix))
    refuse_value(flag, word,
                 "\"" + value + "\" is no value for " + key + ": " +
                     (key == "mode" ? "it is an octal mode, such as 1777"
                      : is_size     ? "it is a number, and k, m, g or %"
                                    : "it is a number"));
}

void check_target(mount_request& m, const std::string& flag, const std::string& word) {
  if (!m.target.starts_with('/')) refuse_value(flag, word, "the path in the container is not absolute");
  m.target = fs::path(m.target).lexically_normal().string();
  while (m.target.size() > 1 && m.target.ends_with('/')) m.target.pop_back();
  if (m.target == "/") refuse_value(flag, word, "the root of a container cannot be mounted over");
}

// A source with a slash, or ".", is a path.
void set_source(mount_request& m, const std::string& source, const std::string& flag, const std::string& word) {
  const bool is_path =
      source.starts_with('/') || source == "." || source == ".." || source.find('/') != std::string::npos;
  if (!is_path) {
    m.kind = mount_kind::volume;
    try {
      check_name(source);
    } catch (const error&) {
      refuse_value(flag, word, "a volume's name is letters, digits, _, . and -; a path begins with / or .");
    }
    m.source = source;
    return;
  }
  if (!source.starts_with('/') && !source.starts_with('.'))
    refuse_value(flag, word, "a path of the host begins with / or .");
  m.kind = mount_kind::bind;
  std::string path = fs::absolute(source).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  m.source = std::move(path);
}

bool is_access(const std::string& text) { return !text.empty() && text.find_first_not_of("rwm") == std::string::npos; }

// Read-only means the mounts below the source too, as in docker (from 25 on), unless `only_itself`.
void set_access_below(mount_request& m, bool only_itself) {
  const auto is_word = [](const std::string& o) { return o == "ro" || o == "rw"; };
  const auto last = std::ranges::find_if(m.options.rbegin(), m.options.rend(), is_word);
  const bool is_read_only = last != m.options.rend() && *last == "ro";
  if (m.kind == mount_kind::bind && is_read_only && !only_itself) m.options.emplace_back("rro");
}

void make_anonymous(mount_request& m) {
  m.kind = mount_kind::volume;
  m.is_anonymous = true;
}

}  // namespace

mount_request parse_volume(const std::string& word) {
  constexpr const char* flag = "--volume";
  const std::vector<std::string> parts = split(word, ':');
  mount_request m;
  if (parts.size() > 3 || word.empty()) refuse_value(flag, word, "it is SOURCE:TARGET[:OPTIONS]");
  if (parts.size() == 1) {
    make_anonymous(m);
    m.target = parts[0];
  } else {
    if (parts[0].empty()) refuse_value(flag, word, "the source is empty");
    set_source(m, parts[0], flag, word);
    m.target = parts[1];
  }
  check_target(m, flag, word);
  if (parts.size() < 3) return m;
  for (const std::string& option : split(parts[2], ',')) add_bind_option(m, option, flag, word);
  set_access_below(m, std::ranges::find(m.options, "bind") != m.options.end());
  return m;
}

namespace {

// Reads --mount's KEY=VALUE pairs.
class mount_reader {
 public:
  explicit mount_reader(const std::string& word) : word_(word) { m_.kind = mount_kind::volume; }

  mount_request read() {
    for (const std::string& pair : split(word_, ',')) {
      const auto equals = pair.find('=');
      take(pair.substr(0, equals), equals == std::string::npos ? "" : pair.substr(equals + 1),
           equals != std::string::npos);
    }
    finish();
    return std::move(m_);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const { refuse_value("--mount", word_, why); }

  [[nodiscard]] bool truth(const std::string& key, const std::string& value, bool has_value) const {
    if (!has_value || value == "true" || value == "1") return true;
    if (value == "false" || value == "0") return false;
    refuse("the value of " + key + " is true or false");
  }

  // Docker's and podman's keys that lxr does not have.
  static bool is_lacking(const std::string& key) {
    static constexpr std::array keys{"bind-create-src", "volume-driver", "volume-opt", "volume-label", "volume-subpath",
                                     "subpath",         "relabel",       "U",          "chown",        "idmap"};
    return std::ranges::find(keys, key) != keys.end();
  }

  void take(const std::string& key, const std::string& value, bool has_value) {
    if (key == "type") {
      if (value == "image" || value == "devpts" || value == "glob" || value == "ramfs" || value == "npipe" ||
          value == "cluster")
        not_yet("--mount", word_, "type=" + value);
      if (!from_word(value, m_.kind)) refuse("the types are bind, volume and tmpfs");
    } else if (key == "source" || key == "src") {
      source_ = value;
    } else if (key == "target" || key == "dst" || key == "destination") {
      m_.target = value;
    } else if (key == "readonly" || key == "ro") {
      m_.options.emplace_back(truth(key, value, has_value) ? "ro" : "rw");
    } else if (key == "rw") {
      m_.options.emplace_back(truth(key, value, has_value) ? "rw" : "ro");
    } else if (key == "bind-propagation") {
      add_bind_option(m_, value, "--mount", word_);
    } else if (key == "bind-nonrecursive") {
      if (truth(key, value, has_value)) m_.options.emplace_back("bind");
    } else if (key == "bind-recursive") {
      take_recursion(value);
    } else if (key == "idmap" && !has_value) {
      m_.options.push_back(key);
    } else if (is_lacking(key)) {
      not_yet("--mount", word_, key);
    } else if (key == "volume-nocopy") {
      m_.no_copy = truth(key, value, has_value);
    } else if (key == "tmpfs-size") {
      m_.options.push_back("size=" + std::to_string(parse_size(value, "--mount")));
    } else if (key == "tmpfs-mode") {
      m_.options.push_back("mode=" + value);
    } else if (key == "consistency") {
      // Docker for other systems knows it; on Linux it says nothing.
    } else if (!has_value || key.starts_with("tmpfs-")) {
      take_word(key, value, has_value);
    } else {
      refuse("there is no option \"" + key + '"');
    }
  }

  // "readonly" is what read-only means here anyway, where the kernel can do it.
  void take_recursion(const std::string& value) {
    if (value == "disabled") {
      m_.options.emplace_back("bind");
    } else if (value == "writable") {
      writable_below_ = true;
    } else if (value != "enabled" && value != "readonly") {
      refuse("the values of bind-recursive are enabled, disabled, writable and readonly");
    }
  }

  void take_word(const std::string& key, const std::string& value, bool has_value) {
    if (m_.kind == mount_kind::tmpfs) {
      m_.options.push_back(has_value ? key + "=" + value : key);
    } else {
      add_bind_option(m_, key, "--mount", word_);
    }
  }

  void finish() {
    if (m_.target.empty()) refuse("target is missing");
    check_target(m_, "--mount", word_);
    switch (m_.kind) {
      case mount_kind::tmpfs:
        if (!source_.empty()) refuse("a tmpfs has no source");
        for (const std::string& option : m_.options) check_tmpfs_option(option, "--mount", word_);
        break;
      case mount_kind::bind:
        if (source_.empty()) refuse("source is missing");
        set_source(m_, source_.find('/') == std::string::npos ? "./" + source_ : source_, "--mount", word_);
        set_access_below(m_, writable_below_ || std::ranges::find(m_.options, "bind") != m_.options.end());
        break;
      case mount_kind::volume:
        if (source_.empty()) {
          make_anonymous(m_);
        } else {
          set_source(m_, source_, "--mount", word_);
          if (m_.kind != mount_kind::volume) refuse("a volume's source is its name; a path needs type=bind");
        }
        break;
    }
  }

  const std::string& word_;
  mount_request m_;
  std::string source_;
  bool writable_below_ = false;
};

}  // namespace

mount_request parse_mount(const std::string& word) { return mount_reader(word).read(); }

mount_request parse_tmpfs(const std::string& word) {
  mount_request m;
  m.kind = mount_kind::tmpfs;
  const auto colon = word.find(':');
  m.target = word.substr(0, colon);
  check_target(m, "--tmpfs", word);
  if (colon == std::string::npos) return m;
  for (const std::string& option : split(word.substr(colon + 1), ',')) {
    if (option == "tmpcopyup" || option == "notmpcopyup" || option == "U") not_yet("--tmpfs", word, option);
    if (option.empty()) continue;
    check_tmpfs_option(option, "--tmpfs", word);
    m.options.push_back(option);
  }
  return m;
}

device_request parse_device(const std::string& word) {
  constexpr const char* flag = "--device";
  const std::vector<std::string> parts = split(word, ':');
  device_request d{parts[0], parts[0], "rwm"};
  if (!d.host.starts_with('/')) {
    if (word.find('=') != std::string::npos) not_yet(flag, word, "CDI names");
    refuse_value(flag, word, "it is a path below /dev, or PATH:TARGET[:rwm]");
  }
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (i + 1 == parts.size() && is_access(parts[i])) {
      d.access = parts[i];
    } else if (i == 1 && parts[i].starts_with('/')) {
      d.target = parts[i];
    } else {
      refuse_value(flag, word, "it is PATH[:TARGET][:ACCESS], and ACCESS of the letters r, w and m");
    }
  }
  return d;
}

std::string check_device_rule(const std::string& word) {
  const std::vector<std::string> parts = split(word, ' ');
  const auto is_number = [](const std::string& text) {
    constexpr std::size_t most_digits = 9;
    return text == "*" ||
           (!text.empty() && text.size() <= most_digits && text.find_first_not_of("0123456789") == std::string::npos);
  };
  const auto is_rule = [&] {
    if (parts.size() != 3 || (parts[0] != "a" && parts[0] != "b" && parts[0] != "c")) return false;
    const std::vector<std::string> numbers = split(parts[1], ':');
    return numbers.size() == 2 && is_number(numbers[0]) && is_number(numbers[1]) && is_access(parts[2]);
  };
  if (!is_rule()) refuse_value("--device-cgroup-rule", word, "it is TYPE MAJOR:MINOR ACCESS, such as \"c 10:229 rwm\"");
  return word;
}

}  // namespace lxr::cli
