// SPDX-License-Identifier: Apache-2.0
#include "pipeline/layer/layer_index.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "io/erofs/index.hpp"
#include "pipeline/layer/member.hpp"

namespace lxr::layer {
namespace {

using io::erofs::node;
using io::tar::entry;

void set_metadata(node& n, const entry& e, mode_t type) {
  n.mode = type | e.mode;
  n.uid = checked_id(e.uid, e);
  n.gid = checked_id(e.gid, e);
  n.mtime_seconds = e.mtime_seconds;
  n.mtime_nanoseconds = e.mtime_nanoseconds;
  n.xattrs.erase(io::erofs::implied_mark);
  for (const auto& [name, value] : e.xattrs) {
    if (is_kept_attribute(name)) n.xattrs[name] = value;
  }
}

void mark_opaque(node& directory) { directory.xattrs[io::erofs::opaque_mark] = "y"; }

void add_extents(node& n, const entry& e) {
  std::uint64_t data_offset = e.data_offset;
  if (!e.sparse && e.size > 0) n.extents.push_back({0, e.size, data_offset});
  for (const entry::segment& s : e.segments) {
    if (s.size == 0) continue;  // GNU tar ends its map with an empty segment
    if (s.offset % 512 != 0 || data_offset % 512 != 0) {
      throw io::erofs::not_indexable('"' + e.path + '"', "it is a sparse file whose parts do not begin at blocks");
    }
    n.extents.push_back({s.offset, s.size, data_offset});
    data_offset += s.size;
  }
}

// Returns true when `other` is `directory` or a directory below it.
bool is_at_or_below(const node& directory, const node& other) {
  std::vector<const node*> coming{&directory};
  while (!coming.empty()) {
    const node* const n = coming.back();
    coming.pop_back();
    if (n == &other) return true;
    for (const auto& [name, child] : n->children) {
      if (child->is_directory()) coming.push_back(child);
    }
  }
  return false;
}

mode_t type_of(const entry& e) {
  switch (e.type) {
    case entry::kind::symbolic_link:
      return S_IFLNK;
    case entry::kind::character_device:
      return S_IFCHR;
    case entry::kind::block_device:
      return S_IFBLK;
    case entry::kind::fifo:
      return S_IFIFO;
    default:
      return S_IFREG;
  }
}

}  // namespace

layer_index::layer_index(pull_budget& budget) : budget_(budget), memory_(budget), time_(budget) {
  tree_.root().xattrs[io::erofs::implied_mark] = "y";
}

void layer_index::begin(const entry& e) {
  budget_.count_member();
  ++counted_;
  note_metadata(e);
  const std::string path = normalised_member_path(e.path);
  if (is_aufs_metadata(path)) return;
  check_member(e);
  if (path.empty()) return set_root(e);
  const auto [above, name] = split_path(path);
  const place at{tree_.directory(above, true), name};
  if (!handle_whiteout(at, path)) make(e, at);
}

void layer_index::note_metadata(const entry& e) {
  constexpr std::size_t of_attribute = 192, of_name = 96;  // bytes; a hard link is one more name of a file
  if (++members_ % 64 == 0) time_.tick();
  for (const auto& [name, value] : e.xattrs) metadata_ += name.size() + value.size() + of_attribute;
  metadata_ += of_name + e.path.size() + e.link_target.size() + e.segments.size() * sizeof(node::extent);
  take_memory(held_);
}

void layer_index::holds(std::uint64_t bytes) { take_memory(held_ = bytes); }

// Takes memory for the tree, estimated from above, and `beside_the_tree` bytes. Implied directories (nodes that are no
// members) count 512 bytes more, for a long name and their mark.
void layer_index::take_memory(std::uint64_t beside_the_tree) {
  constexpr std::size_t of_implied = 512, step = 64u << 10;
  const std::uint64_t implied = tree_.size() - std::min<std::uint64_t>(tree_.size(), members_ + 1);
  const std::uint64_t all =
      tree_.size() * io::erofs::tree::memory_of_node + implied * of_implied + metadata_ + beside_the_tree;
  if (memory_.try_set((all + step - 1) / step * step)) return;
  throw io::erofs::not_indexable("layer", "what is known about its members takes more memory than the " +
                                              std::to_string(budget_.memory_limit() >> 20) + " MiB of a pull");
}

std::pair<io::erofs::tree, memory_share> layer_index::take_tree() {
  take_memory(0);
  return {std::move(tree_), std::move(memory_)};
}

std::string layer_index::make_index(std::uint64_t data_size) {
  std::string out = io::erofs::make_index(tree_, {&data_size, 1}, [this](std::uint64_t bytes) { take_memory(bytes); });
  budget_.count_bytes(out.size());
  return out;
}

void layer_index::set_root(const entry& e) {
  if (e.type != entry::kind::directory) throw error(errc::corrupt, "unpack layer", "", "its root is not a directory");
  set_metadata(tree_.root(), e, S_IFDIR);
}

bool layer_index::handle_whiteout(const place& at, const std::string& path) {
  const auto mark = parse_whiteout(at.name, path);
  if (!mark) return false;
  if (mark->what == whiteout::kind::opaque) {
    mark_opaque(*at.directory);
    return true;
  }
  // A whiteout is about the layers below: if this layer has added a file of that name, it stays and hides the lower
  // one. A directory of that name becomes opaque.
  node*& there = at.directory->children[mark->hidden];
  if (there == nullptr) {
    there = &tree_.add_node();
    there->mode = S_IFCHR;
  } else if (there->is_directory()) {
    mark_opaque(*there);
  }
  return true;
}

void layer_index::make(const entry& e, const place& at) {
  if (e.type == entry::kind::directory) return make_directory(e, at);
  if (e.type == entry::kind::hard_link) return make_hard_link(e, at);
  // Overlayfs would take it for a whiteout.
  if (e.type == entry::kind::character_device && e.device_major == 0 && e.device_minor == 0) return;
  node& fresh = tree_.add_node();
  set_metadata(fresh, e, type_of(e));
  fresh.size = e.size;
  add_extents(fresh, e);
  fresh.device_major = e.device_major;
  fresh.device_minor = e.device_minor;
  if (e.type == entry::kind::symbolic_link) {
    if (e.link_target.empty() || e.link_target.size() > 4095)
      throw error(errc::corrupt, "unpack", e.path, "its link target is empty or longer than 4095 bytes");
    fresh.link_target = e.link_target;
    fresh.mode = S_IFLNK | 0777;
  }
  bytes_ += e.size;
  at.directory->children[at.name] = &fresh;
}

// A directory that is named again keeps its content.
void layer_index::make_directory(const entry& e, const place& at) {
  node*& there = at.directory->children[at.name];
  const bool was_whiteout = there != nullptr && there->is_whiteout();
  if (there == nullptr || !there->is_directory()) there = &tree_.add_node();
  set_metadata(*there, e, S_IFDIR);
  if (was_whiteout) mark_opaque(*there);
}

void layer_index::make_hard_link(const entry& e, const place& at) {
  const std::string target = normalised_member_path(e.link_target);
  const auto [above, name] = split_path(target);
  node* const from = target.empty() ? nullptr : tree_.directory(above, false);
  const auto found = from == nullptr ? decltype(from->children.end()){} : from->children.find(name);
  if (from == nullptr || found == from->children.end()) {
    throw error(errc::corrupt, "unpack", '"' + e.path + '"',
                "it is a hard link to \"" + e.link_target + "\", which the layer does not hold");
  }
  if (found->second->is_directory())
    throw error(errc::corrupt, "unpack", '"' + e.path + '"', "it is a hard link to a directory");
  node*& there = at.directory->children[at.name];
  if (there != nullptr && is_at_or_below(*there, *from))
    throw error(errc::corrupt, "unpack", '"' + e.path + '"', "it is a hard link to what it takes the place of");
  if (there != found->second) check_names(++found->second->names, e);
  there = found->second;
}

}  // namespace lxr::layer
