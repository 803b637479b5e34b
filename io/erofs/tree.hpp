#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "io/erofs/lazy_map.hpp"

namespace lxr::io::erofs {

// What EROFS cannot hold, or not in the memory that is allowed for it; another way of storing the same may be able to.
struct not_indexable : error {
  explicit not_indexable(std::string what, std::string why) : error(errc::unsupported, "index", std::move(what), std::move(why)) {}
};

// One inode of a layer. Directories know their children by name; everything else may have several names.
struct node {
  std::uint32_t mode = 0;  // type and permission bits, as in stat(2)
  std::uint32_t uid = 0, gid = 0;
  std::int64_t mtime_seconds = 0;
  std::uint32_t mtime_nanoseconds = 0;
  std::uint32_t device_major = 0, device_minor = 0;
  std::uint32_t names = 1;  // of a file of a layer that is being read: how many it was given
  // A piece of a file: where it is in the file, and where it lies in the data file; offsets are multiples of 512.
  struct extent {
    std::uint64_t offset, size, data_offset;
    bool operator==(const extent&) const = default;
  };
  // Of a file, whose content lies in the device-th data file, counted from 1. What no extent covers is a hole.
  std::uint64_t size = 0;
  std::uint16_t device = 1;
  std::vector<extent> extents;
  std::string link_target;                  // of a symbolic link
  lazy_map<std::string, std::string> xattrs;
  lazy_map<std::string, node*> children;  // in the order of their bytes, as EROFS wants them
  mutable std::uint32_t place = 0;        // among the inodes of an index that is being made of the tree

  [[nodiscard]] bool is_directory() const noexcept;
  [[nodiscard]] bool is_symbolic_link() const noexcept;
  [[nodiscard]] bool is_whiteout() const noexcept;  // a character device 0:0: hides a name of the layers below
};

// A directory that no member named, only the paths of others: whatever the layers below have there keeps its metadata.
// overlayfs hides attributes of this kind from whoever looks through it.
inline constexpr const char* implied_mark = "trusted.overlay.lxr.implied";
// A directory that hides what the layers below have in it (kernel, overlayfs.rst).
inline constexpr const char* opaque_mark = "trusted.overlay.opaque";

// The tree of one layer in memory, grown member by member; or of several, laid over each other. Paths are resolved inside it: symbolic links that a member's
// parents lead through are followed from its root, never out of it (as openat2(2) does with RESOLVE_IN_ROOT).
// Nodes live until the tree goes, also those no name leads to any more.
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
  // About what a node takes in memory, with its name in a directory and one extent, but without what is long or rare: link targets,
  // attributes, long names.
  static constexpr std::size_t memory_of_node = sizeof(node) + 32 + 96 + 32;

  // The directory `path` leads to; "" is the root. Missing ones are made as plain 0755 ones when `create`, else null.
  node* directory(const std::string& path, bool create);

  // Lays `upper` over this tree as overlayfs would, and takes its nodes over: whiteouts and opaque directories do their
  // work and are gone. Its files lie in data file number `device` from now on.
  void lay_over(tree upper, std::uint16_t device);

 private:
  struct walk {
    std::vector<node*> above;         // the way from the root, for ".."
    std::vector<std::string> coming;  // parts still to go, the next one last
    int links = 0;
  };
  bool step(walk& w, bool create, const std::string& path);
  void create_rest(walk& w, const std::string& first);

  std::list<node> nodes_;
};

}  // namespace lxr::io::erofs
