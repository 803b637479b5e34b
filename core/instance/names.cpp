// SPDX-License-Identifier: Apache-2.0
#include "core/instance/names.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/file.hpp"
#include "core/base/file_lock.hpp"
#include "core/base/random.hpp"

namespace lxr {
namespace {

constexpr std::array adjectives{"agile", "amber",  "apt",   "bold",  "brave", "brief", "bright", "brisk", "calm",
                                "clear", "crisp",  "deft",  "eager", "early", "exact", "fair",   "fast",  "fine",
                                "fleet", "fresh",  "glad",  "grand", "keen",  "kind",  "light",  "lucid", "merry",
                                "neat",  "nimble", "noble", "prime", "proud", "quick", "quiet",  "rapid", "ready",
                                "sharp", "sleek",  "smart", "solid", "spry",  "stout", "sunny",  "sure",  "swift",
                                "terse", "tidy",   "vivid", "warm",  "witty"};
constexpr std::array surnames{"babbage", "bell",    "boole",   "curie",      "dijkstra", "engelbart", "erdos",
                              "euler",   "faraday", "fermat",  "gauss",      "goedel",   "goldberg",  "hamilton",
                              "hamming", "hoare",   "hopper",  "johnson",    "kay",      "kepler",    "kernighan",
                              "knuth",   "lamarr",  "lamport", "lauterbur",  "liskov",   "lovelace",  "mccarthy",
                              "meitner", "milner",  "moore",   "naur",       "newton",   "noether",   "pascal",
                              "perlman", "ritchie", "shannon", "stroustrup", "tarjan",   "thompson",  "torvalds",
                              "turing",  "wiles",   "wirth",   "wozniak"};

std::string name_path(const std::string& name) { return "names/" + name; }

std::optional<std::string> holder(const instance& where, const std::string& name) {
  char id[PATH_MAX];
  const ssize_t size = ::readlinkat(where.state_fd(), name_path(name).c_str(), id, sizeof id);
  if (size < 0) return std::nullopt;
  return std::string(id, static_cast<std::size_t>(size));
}

bool exists(const instance& where, const std::string& id) {
  struct stat st;
  return ::fstatat(where.root_fd(), ("containers/" + id).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 ||
         ::fstatat(where.state_fd(), ("containers/" + id).c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0;
}

// Frees a name whose container was removed. It holds the file lock of names/: of two processes that free the same name
// at the same time, the second one could free it after a third process has reserved it.
void release_stale(const instance& where, const std::string& name) {
  const unique_fd lock = file::open_at(where.state_fd(), "names", O_RDONLY | O_DIRECTORY);
  file::lock(lock.get(), file::lock_kind::exclusive, "container names");
  const auto owner = holder(where, name);
  if (owner && !exists(where, *owner)) ::unlinkat(where.state_fd(), name_path(name).c_str(), 0);
}

}  // namespace

std::string new_container_id() {
  for (;;) {
    std::string id = random_hex(32);
    if (id.find_first_of("abcdef") < short_id_size) return id;
  }
}

std::string short_id(std::string_view id) { return std::string(id.substr(0, short_id_size)); }

bool is_name(std::string_view name) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= 128 && alnum(name.front()) &&
         std::ranges::all_of(name, [&](char c) { return alnum(c) || c == '_' || c == '.' || c == '-'; });
}

void check_name(std::string_view name) {
  if (is_name(name)) return;
  throw error(errc::invalid_argument, "use container name", '"' + std::string(name) + '"',
              "a name starts with a letter or digit, then letters, digits, _ . -");
}

void reserve_name(const instance& where, const std::string& name, const std::string& id) {
  check_name(name);
  for (int attempt = 0; attempt < 16; ++attempt) {
    if (::symlinkat(id.c_str(), where.state_fd(), name_path(name).c_str()) == 0) return;
    if (errno != EEXIST) throw_errno("reserve container name", name);
    const auto owner = holder(where, name);
    if (!owner) continue;
    if (exists(where, *owner)) {
      throw error(errc::already_exists, "use container name", '"' + name + '"',
                  "it is in use by container " + short_id(*owner), "remove that container, or choose another name");
    }
    release_stale(where, name);
  }
  throw error(errc::conflict, "reserve container name", name, "others take and release it all the time");
}

std::string reserve_generated_name(const instance& where, const std::string& id) {
  for (int attempt = 0;; ++attempt) {
    const std::uint64_t dice = random_u64();
    std::string name =
        std::string(adjectives[dice % adjectives.size()]) + "_" + surnames[(dice >> 32) % surnames.size()];
    if (attempt > 3) name += std::to_string((dice >> 16) % 100000);
    try {
      reserve_name(where, name, id);
      return name;
    } catch (const error& e) {
      if (e.code() != errc::already_exists || attempt > 64) throw;
    }
  }
}

void release_stale_names(const instance& where) {
  for (const std::string& name : file::list_at(where.state_fd(), "names")) {
    const auto owner = holder(where, name);
    if (owner && !exists(where, *owner)) release_stale(where, name);
  }
}

void release_name(const instance& where, const std::string& name, const std::string& id) noexcept {
  if (!name.empty() && holder(where, name) == id) ::unlinkat(where.state_fd(), name_path(name).c_str(), 0);
}

std::string container_finder::find(std::string_view word) {
  const std::string text(word);
  if (is_name(word)) {
    if (const auto id = holder(where_, text); id && exists(where_, *id)) return *id;
    if (!ids_) {
      ids_ = list_containers(where_);
      std::ranges::sort(*ids_);
    }
    const auto first = std::ranges::lower_bound(*ids_, text);
    if (first != ids_->end() && first->starts_with(word)) {
      if (std::next(first) == ids_->end() || !std::next(first)->starts_with(word)) return *first;
      throw error(errc::invalid_argument, "find container", '"' + text + '"', "several ids start with it",
                  "type more of the id");
    }
  }
  throw error(errc::not_found, "find container", '"' + text + '"', "no container with that name or id exists");
}

std::string resolve_container(const instance& where, std::string_view word) {
  return container_finder(where).find(word);
}

std::vector<std::string> list_containers(const instance& where) { return file::list_at(where.root_fd(), "containers"); }

}  // namespace lxr
