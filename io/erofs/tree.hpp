// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "io/erofs/lazy_map.hpp"

namespace lxr::io::erofs {

// Thrown for a tree that EROFS cannot hold, or not in the memory that is allowed. The caller may store the layer in
// another way.
struct not_indexable : error {
  explicit not_indexable(std::string what, std::string why)
      : error(errc::unsupported, "index", std::move(what), std::move(why)) {}
};

// One inode of a layer. A directory has one name; any other inode may have several.
struct node {
  std::uint32_t mode = 0;  // type and permission bits, as in stat(2)
  std::uint32_t uid = 0, gid = 0;
  std::int64_t mtime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t device_major = 0, device_minor = 0;
  std::uint32_t names = 1;  // how many names a file has had so far in the layer that is being read
  // A piece of a file: bytes [offset, offset + size) of the file lie at `data_offset` of the data file. Offsets are
  // multiples of 512.
  struct extent {
    std::uint64_t offset, size, data_offset;
    bool operator==(const extent&) const = default;
  };
  // For a file: its size in bytes, and the number of the data file with its content, counted from 1. What no extent
  // covers is a hole.
  std::uint64_t size = 0;
  std::uint16_t device = 1;
  std::vector<extent> extents;
  std::string link_target;  // the target of a symbolic link
  lazy_map<std::string, std::string> xattrs;
  lazy_map<std::string, node*> children;  // sorted by bytes, as EROFS requires
  mutable std::uint32_t place = 0;        // index of the inode while make_index() works

  [[nodiscard]] bool is_directory() const noexcept;
  [[nodiscard]] bool is_symbolic_link() const noexcept;
  [[nodiscard]] bool is_whiteout() const noexcept;  // a character device 0:0, which hides a name of the layers below
};

// The attribute of a directory that no member of the layer named, only the paths of other members: the directory keeps
// the metadata that the layers below give it. overlayfs hides attributes with this prefix in what it mounts.
inline constexpr const char* implied_mark = "trusted.overlay.lxr.implied";
// The attribute of a directory that hides its content in the layers below (Linux, overlayfs.rst).
inline constexpr const char* opaque_mark = "trusted.overlay.opaque";

// The inodes of one layer in memory, or of several layers laid over each other.
// Paths are resolved inside the tree: a symbolic link in the middle of a member's path is followed from the tree's root
// and never out of it (as openat2(2) does with RESOLVE_IN_ROOT).
// Lifecycle: grows member by member.
// Runs on: one thread at a time.
// Owns: all nodes until it is destroyed, also those that no name leads to any more.
// Failure: throws error{errc::corrupt} for paths through files and for too many links.
class tree {
 public:
  tree();
  tree(tree&&) noexcept = default;
  tree& operator=(tree&&) noexcept = default;

  [[nodiscard]] node& root() noexcept { return nodes_.front(); }
  [[nodiscard]] const node& root() const noexcept { return nodes_.front(); }
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  node& add_node() { return nodes_.emplace_back(); }
  // The memory of one node with its name in a directory and one extent, about, in bytes. Not counted: link targets,
  // attributes, long names.
  static constexpr std::size_t memory_of_node = sizeof(node) + 32 + 96 + 32;

  // Returns the directory that `path` leads to; "" is the root. A missing directory is made with mode 0755 if `create`;
  // else the result is nullptr.
  node* directory(const std::string& path, bool create);

  // Lays `upper` over this tree as overlayfs would, and takes over its nodes. Whiteouts and opaque marks are applied
  // and removed. The files of `upper` lie in data file number `device` from now on.
  void lay_over(tree upper, std::uint16_t device);

 private:
  struct walk {
    std::vector<node*> above;         // the directories from the root to here, for ".."
    std::vector<std::string> coming;  // parts still to be walked; the last one is next
    int links = 0;
  };
  bool step(walk& w, bool create, const std::string& path);
  void create_rest(walk& w, const std::string& first);

  std::list<node> nodes_;
};

}  // namespace lxr::io::erofs
