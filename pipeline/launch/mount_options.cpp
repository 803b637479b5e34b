// SPDX-License-Identifier: Apache-2.0
#include "pipeline/launch/mount_options.hpp"

#include <linux/mount.h>

#include <algorithm>
#include <string_view>

#include "core/base/error.hpp"

namespace lxr::launch {
namespace {

constexpr std::uint64_t ms_unbindable = 1 << 17, ms_slave = 1 << 19, ms_shared = 1 << 20;  // as ms_private

struct attribute_word {
  std::string_view word;
  std::uint64_t set, clear;
};

// With "r" before it ("rro") each word means the mounts below too. The words about access times set one field,
// MOUNT_ATTR__ATIME, which has three values.
constexpr attribute_word attributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
};

struct propagation_word {
  std::string_view word;
  std::uint64_t flag;
};
constexpr propagation_word propagations[] = {
    {"private", ms_private}, {"shared", ms_shared}, {"slave", ms_slave}, {"unbindable", ms_unbindable}};

const attribute_word* find_attribute(std::string_view word) {
  const auto* found = std::ranges::find(attributes, word, &attribute_word::word);
  return found == std::end(attributes) ? nullptr : found;
}

void apply(const attribute_word& a, std::uint64_t& set, std::uint64_t& clear) {
  set = (set & ~a.clear) | a.set;  // a later word replaces an earlier one
  clear = (clear & ~a.set) | a.clear;
}

bool read_attribute(std::string_view word, mount_options& out) {
  if (const attribute_word* a = find_attribute(word)) {
    apply(*a, out.set, out.clear);
    return true;
  }
  if (!word.starts_with('r')) return false;
  const attribute_word* a = find_attribute(word.substr(1));
  if (a == nullptr) return false;
  apply(*a, out.recursive_set, out.recursive_clear);
  return true;
}

bool read_propagation(std::string_view word, mount_options& out) {
  for (const propagation_word& p : propagations) {
    const bool recursive = word.starts_with('r') && word.substr(1) == p.word;
    if (word != p.word && !recursive) continue;
    out.propagation = p.flag;
    out.recursive_propagation = recursive;
    return true;
  }
  return false;
}

bool read_kind(std::string_view word, mount_options& out) {
  if (word != "bind" && word != "rbind") return false;
  out.is_bind = true;
  out.is_recursive = out.is_recursive || word == "rbind";
  return true;
}

bool read_id_map(std::string_view word, mount_options& out) {
  if (word != "idmap" && word != "ridmap") return false;
  out.maps_ids = true;
  out.maps_ids_below = word == "ridmap";
  return true;
}

// Words of mount(8) for what the kernel does by default.
bool is_empty_word(std::string_view word) {
  return word == "defaults" || word == "async" || word == "newinstance" || word == "tmpcopyup" ||
         word == "notmpcopyup" || word.empty();
}

}  // namespace

mount_options read_mount_options(const oci::mount_spec& mount) {
  mount_options out;
  out.is_bind = mount.type == "bind";
  out.is_recursive = mount.type == "bind" && std::ranges::find(mount.options, "bind") == mount.options.end();
  for (const std::string& word : mount.options) {
    if (word == "remount")
      throw error(errc::unsupported, "mount", mount.destination, "lxr does not know the mount option remount yet");
    if (word == "tmpcopyup") out.is_copied = true;
    if (read_kind(word, out) || read_attribute(word, out) || read_propagation(word, out) || read_id_map(word, out) ||
        is_empty_word(word))
      continue;
    out.of_filesystem.push_back(word);
  }
  if (out.is_copied && mount.type != "tmpfs")
    throw error(errc::invalid_argument, "mount", mount.destination, "tmpcopyup is for a tmpfs");
  out.maps_ids = out.maps_ids || !mount.uid_mappings.empty() || !mount.gid_mappings.empty();
  if (out.maps_ids && !out.is_bind)
    throw error(errc::invalid_argument, "mount", mount.destination, "only the ids of a bind mount can be mapped");
  return out;
}

std::uint64_t propagation_flags(const std::string& word) {
  constexpr std::uint64_t ms_rec = 1 << 14;
  mount_options o;
  read_propagation(word, o);
  if (o.propagation == 0 || o.propagation == ms_private) return 0;
  return o.propagation | (o.recursive_propagation ? ms_rec : 0);
}

}  // namespace lxr::launch
