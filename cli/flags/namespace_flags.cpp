// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/namespace_flags.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "cli/flags/flag_values.hpp"
#include "core/base/error.hpp"

namespace lxr::cli {
namespace {

constexpr std::string_view of_container = "container:";

// One flag; `joins`: whether "container:NAME" is among its values.
void add(flag_set& app, literal name, std::string& variable, bool joins, literal help) {
  app.add_option(
         name,
         [&variable, name, joins](const std::string& word) {
           const std::string flag(name.view());
           const bool is_of_container = joins && word.starts_with(of_container) && word.size() > of_container.size();
           if (!joins && (word.starts_with(of_container) || word == "shareable" || word == "none"))
             throw error(errc::unsupported, "use " + flag, '"' + word + '"', "lxr does not do that yet");
           if (!word.empty() && word != "private" && word != "host" && !is_of_container)
             refuse_value(flag, word, joins ? "it is host, private or container:NAME" : "it is host or private");
           variable = word == "private" ? "" : word;
         },
         help)
      ->takes(joins ? literal("host|private|container:NAME") : literal("host|private"));
}

// Reads "0:100000:65536", the ids of the container, of the host, and how many.
oci::id_mapping parse_mapping(const std::string& word, const std::string& flag) {
  oci::id_mapping m;
  std::string_view rest = word;
  for (std::uint32_t* number : {&m.container_id, &m.host_id, &m.size}) {
    const std::string_view part = rest.substr(0, rest.find(':'));
    const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), *number);
    const bool is_last = number == &m.size, ends = part.size() == rest.size();
    if (failure != std::errc() || end != part.data() + part.size() || is_last != ends)
      refuse_value(flag, word, "it is CONTAINER-ID:HOST-ID:COUNT, such as 0:100000:65536");
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  }
  if (m.size == 0) refuse_value(flag, word, "the count is 0");
  constexpr std::uint64_t end_of_ids = 0xffffffff;  // the last one stands for no id
  if (std::uint64_t{m.container_id} + m.size > end_of_ids || std::uint64_t{m.host_id} + m.size > end_of_ids)
    refuse_value(flag, word, "the ids go beyond 4294967294");
  return m;
}

// Any container may join another's, so "shareable" is what private ones are.
std::string parse_ipc(const std::string& word) {
  if (word.empty() || word == "private" || word == "shareable") return {};
  const bool is_of_container = word.starts_with(of_container) && word.size() > of_container.size();
  if (word != "host" && word != "none" && !is_of_container)
    refuse_value("--ipc", word, "it is host, private, shareable, none or container:NAME");
  return word;
}

void set_user(namespace_options& options, const std::string& word) {
  constexpr const char* flag = "--userns";
  constexpr std::uint32_t most_ids = 65536;
  options.own_ids = 0;
  if (word.empty() || word == "host") return;
  const auto colon = word.find(':');
  const std::string kind = word.substr(0, colon);
  if (kind == "keep-id" || kind == "nomap")
    refuse_value(flag, word, "it is for an lxr that does not run as root; auto gives the container ids of its own");
  if (kind == "container" || kind == "ns" || kind == "private")
    throw error(errc::unsupported, std::string("use ") + flag, '"' + word + '"', "lxr does not do that yet");
  if (kind != "auto") refuse_value(flag, word, "it is host or auto");
  options.own_ids = most_ids;
  if (colon == std::string::npos) return;
  const std::string option = word.substr(colon + 1);
  constexpr std::string_view size = "size=";
  std::uint32_t count = 0;
  const std::string digits = option.starts_with(size) ? option.substr(size.size()) : "";
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (failure != std::errc() || end != digits.data() + digits.size() || count == 0 || count > most_ids)
    refuse_value(flag, word, "its option is size=N, with N from 1 to 65536");
  options.own_ids = count;
}

bool overlap(std::uint32_t a, std::uint32_t a_size, std::uint32_t b, std::uint32_t b_size) {
  return std::uint64_t{a} < std::uint64_t{b} + b_size && std::uint64_t{b} < std::uint64_t{a} + a_size;
}

void check_mappings(const std::vector<oci::id_mapping>& mappings, const char* flag) {
  constexpr std::size_t most = 340;  // user_namespaces(7)
  for (std::size_t i = 0; i < mappings.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const oci::id_mapping &a = mappings[i], &b = mappings[j];
      if (overlap(a.container_id, a.size, b.container_id, b.size) || overlap(a.host_id, a.size, b.host_id, b.size))
        throw error(errc::invalid_argument, std::string("use ") + flag, "", "two of its ranges overlap");
    }
  }
  if (mappings.size() > most)
    throw error(errc::invalid_argument, std::string("use ") + flag, "", "it is given more than 340 times");
  if (std::ranges::find(mappings, 0U, &oci::id_mapping::container_id) == mappings.end())
    throw error(errc::invalid_argument, std::string("use ") + flag, "", "no range begins with 0, the container's root",
                "give one, such as 0:100000:65536");
}

}  // namespace

void add_namespace_flags(flag_set& app, namespace_options& options) {
  add(app, "--pid", options.pid, true, "Process ids: its own, the host's, or another container's");
  app.add_option(
         "--ipc", [&options](const std::string& word) { options.ipc = parse_ipc(word); },
         "Shared memory and message queues: its own, the host's, or another container's; none: without /dev/shm")
      ->takes("host|private|shareable|none|container:NAME");
  add(app, "--uts", options.uts, true, "Host name: its own, the host's, or another container's");
  app.add_option(
         "--userns", [&options](const std::string& word) { set_user(options, word); },
         "User ids: the host's, or with auto its own, so that its root is nobody on the host")
      ->takes("host|auto[:size=N]");
  app.add_option(
         "--uidmap",
         [&options](const std::string& word) { options.uid_mappings.push_back(parse_mapping(word, "--uidmap")); },
         "Give it these user ids of the host: 0:100000:65536")
      ->takes("ID:HOST-ID:COUNT")
      ->repeated();
  app.add_option(
         "--gidmap",
         [&options](const std::string& word) { options.gid_mappings.push_back(parse_mapping(word, "--gidmap")); },
         "The same for groups (as --uidmap)")
      ->takes("ID:HOST-ID:COUNT")
      ->repeated();
  add(app, "--cgroupns", options.cgroup, false, "View of the cgroups: its own or the host's");
}

void check_namespaces(namespace_options& options) {
  if (options.uid_mappings.empty()) options.uid_mappings = options.gid_mappings;
  if (options.gid_mappings.empty()) options.gid_mappings = options.uid_mappings;
  if (!options.uid_mappings.empty() && options.own_ids != 0)
    throw error(errc::invalid_argument, "use --userns", "", "--uidmap and --gidmap set the same",
                "leave one of them out");
  if (!options.has_user()) return;
  if (options.own_ids == 0) check_mappings(options.uid_mappings, "--uidmap");
  if (options.own_ids == 0) check_mappings(options.gid_mappings, "--gidmap");
  for (const std::string* joined : {&options.pid, &options.ipc, &options.uts}) {
    if (joined->starts_with(of_container))
      throw error(errc::invalid_argument, "use --userns", "",
                  "a container with user ids of its own cannot join another's namespaces", "leave one of them out");
  }
}

}  // namespace lxr::cli
