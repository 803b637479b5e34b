// SPDX-License-Identifier: Apache-2.0
#include "io/erofs/tree.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/path_parts.hpp"

namespace lxr::io::erofs {
namespace {

constexpr int links_limit = 40;                // as in the kernel
constexpr std::size_t parts_limit = 1u << 16;  // parts of one path, with its links

}  // namespace

bool node::is_directory() const noexcept { return S_ISDIR(mode); }
bool node::is_symbolic_link() const noexcept { return S_ISLNK(mode); }
bool node::is_whiteout() const noexcept { return S_ISCHR(mode) && device_major == 0 && device_minor == 0; }

tree::tree() { nodes_.emplace_back().mode = S_IFDIR | 0755; }

void tree::create_rest(walk& w, const std::string& first) {
  for (const std::string& part : take_missing(w.coming, first)) {
    node& made = add_node();
    node& parent = *w.above.back();
    made.mode = S_IFDIR | 0755;
    if ((parent.mode & S_ISGID) != 0) {  // as mkdir(2) does
      made.mode |= S_ISGID;
      made.gid = parent.gid;
    }
    made.xattrs[implied_mark] = "y";
    parent.children[part] = &made;
    w.above.push_back(&made);
  }
}

// Goes one part further. Returns false when the next part is missing and `create` is false.
bool tree::step(walk& w, bool create, const std::string& path) {
  const std::string part = std::move(w.coming.back());
  w.coming.pop_back();
  if (part == ".") return true;
  if (part == "..") {
    if (w.above.size() > 1) w.above.pop_back();
    return true;
  }
  const auto found = w.above.back()->children.find(part);
  if (found == w.above.back()->children.end()) {
    if (create) create_rest(w, part);
    return create;
  }
  node* next = found->second;
  // A whiteout that a member's path leads through becomes a directory that is opaque.
  if (create && next->is_whiteout()) {
    next = &add_node();
    next->mode = S_IFDIR | 0755;
    next->xattrs[opaque_mark] = "y";
    w.above.back()->children[part] = next;
  }
  if (next->is_directory()) {
    w.above.push_back(next);
    return true;
  }
  if (!next->is_symbolic_link())
    throw error(errc::corrupt, "unpack", '"' + path + '"', "its parent \"" + part + "\" is not a directory");
  if (++w.links > links_limit || w.coming.size() > parts_limit) {
    throw error(errc::corrupt, "unpack", '"' + path + '"', "its parents lead through too many symbolic links");
  }
  if (next->link_target.starts_with('/')) w.above.resize(1);
  push_parts(w.coming, next->link_target);
  return true;
}

node* tree::directory(const std::string& path, bool create) {
  walk w;
  w.above.push_back(&root());
  push_parts(w.coming, path);
  while (!w.coming.empty()) {
    if (!step(w, create, path)) return nullptr;
  }
  return w.above.back();
}

}  // namespace lxr::io::erofs
