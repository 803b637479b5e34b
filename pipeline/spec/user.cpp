// SPDX-License-Identifier: Apache-2.0
#include "pipeline/spec/user.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace lxr::spec {
namespace {

constexpr std::size_t lines_limit = 100'000;

bool all_digits(std::string_view s) {
  return !s.empty() && std::ranges::all_of(s, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value > 2147483647u) return std::nullopt;
  return value;
}

// Calls `each` with the fields of every line until it returns true.
template <class Each>
void for_each_line(std::string_view text, Each each) {
  for (std::size_t lines = 0; !text.empty() && lines < lines_limit; ++lines) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    std::vector<std::string_view> fields;
    while (true) {
      const auto colon = line.find(':');
      fields.push_back(line.substr(0, colon));
      if (colon == std::string_view::npos) break;
      line = line.substr(colon + 1);
    }
    if (each(fields)) return;
  }
}

struct passwd_entry {
  std::string name, home;
  std::uint32_t uid = 0, gid = 0;
};

std::optional<passwd_entry> find_user(std::string_view passwd, std::string_view word,
                                      std::optional<std::uint32_t> uid) {
  std::optional<passwd_entry> found;
  for_each_line(passwd, [&](const std::vector<std::string_view>& f) {
    if (f.size() < 6) return false;
    const auto id = parse_id(f[2]), group = parse_id(f[3]);
    if (!id || !group || !(uid ? *id == *uid : f[0] == word)) return false;
    found = passwd_entry{std::string(f[0]), std::string(f[5]), *id, *group};
    return true;
  });
  return found;
}

std::optional<std::uint32_t> find_group(std::string_view groups, std::string_view word) {
  std::optional<std::uint32_t> found;
  for_each_line(groups, [&](const std::vector<std::string_view>& f) {
    if (f.size() < 3 || f[0] != word) return false;
    found = parse_id(f[2]);
    return found.has_value();
  });
  return found;
}

std::vector<std::uint32_t> groups_of(std::string_view groups, std::string_view user) {
  std::vector<std::uint32_t> out;
  for_each_line(groups, [&](const std::vector<std::string_view>& f) {
    if (f.size() < 4) return false;
    std::string_view members = f[3];
    while (!members.empty()) {
      const auto comma = members.find(',');
      const auto id = parse_id(f[2]);
      if (members.substr(0, comma) == user && id) out.push_back(*id);
      members = comma == std::string_view::npos ? std::string_view() : members.substr(comma + 1);
    }
    return false;
  });
  return out;
}

[[noreturn]] void unknown(const std::string& word, const std::string& why) {
  throw error(errc::invalid_argument, "run as user", '"' + word + '"', why);
}

}  // namespace

std::uint32_t resolve_group(const std::string& word, const file_reader& read) {
  const auto gid = all_digits(word) ? parse_id(word) : find_group(read("etc/group").value_or(""), word);
  if (!gid)
    throw error(errc::invalid_argument, "join group", '"' + word + '"', "the image's /etc/group has no such group");
  return *gid;
}

resolved_user resolve_user(const std::string& word, const file_reader& read) {
  const auto colon = word.find(':');
  const std::string user_word = word.substr(0, colon);
  const std::string group_word = colon == std::string::npos ? "" : word.substr(colon + 1);
  const std::string passwd = read("etc/passwd").value_or("");
  const std::string group = read("etc/group").value_or("");

  resolved_user out;
  std::optional<std::uint32_t> uid;
  if (user_word.empty()) {
    uid = 0;
  } else if (all_digits(user_word)) {
    uid = parse_id(user_word);
    if (!uid) unknown(word, "the uid is larger than 2147483647");
  }
  const auto entry = find_user(passwd, user_word, uid);
  if (!uid && !entry) unknown(word, "the image's /etc/passwd has no user " + user_word);
  out.ids.uid = entry ? entry->uid : *uid;
  out.ids.gid = entry ? entry->gid : 0;
  if (entry && !entry->home.empty()) out.home = entry->home;
  if (!entry && out.ids.uid == 0) out.home = "/root";

  if (!group_word.empty()) {
    const auto gid = all_digits(group_word) ? parse_id(group_word) : find_group(group, group_word);
    if (!gid) unknown(word, "the image's /etc/group has no group " + group_word);
    out.ids.gid = *gid;
  } else if (entry) {
    out.ids.additional_gids = groups_of(group, entry->name);
  }
  // The primary group is listed too, as login(1) does: dropping it must not gain access (CVE-2022-36109).
  auto& extra = out.ids.additional_gids;
  if (std::ranges::find(extra, out.ids.gid) == extra.end()) extra.insert(extra.begin(), out.ids.gid);
  return out;
}

}  // namespace lxr::spec
