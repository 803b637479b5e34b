#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lxr::image {

// One name of a tree of files: all that can be seen of it.
struct listed {
  std::string path;  // from the root of the tree, which is ""
  std::uint32_t mode = 0, uid = 0, gid = 0, mtime_nanoseconds = 0;
  std::int64_t mtime_seconds = 0;
  std::uint64_t size = 0, device = 0;    // of a file; of a device node
  std::uint64_t inode = 0;               // a number that names of one file share; any number of another tree
  std::string link_target;
  std::map<std::string, std::string> xattrs;  // of files and directories
  // What cannot be seen.
  std::optional<std::uint32_t> checksum;  // CRC-32C of the content
  bool implied = false;  // a directory that no member of the layer named, only the paths of others
};

// A tree as it was stored, kept beside it in a file of its own: what tells later that something has changed, and what the
// tree alone does not tell. Each directory comes before what is in it, names in the order of their bytes.
using tree_listing = std::vector<listed>;

// Of a tree on disk; without what cannot be seen, and with its inodes' own numbers.
// `may_have_attributes`: whoever made the tree knows of which files that is true, and saves opening the others.
tree_listing list_tree(int root, const std::function<bool(std::uint64_t inode)>& may_have_attributes = [](std::uint64_t) { return true; });

// `directory` holds the tree, root/, and the listing of it.
void write_listing(int directory, const tree_listing& of);
// Empty when there is none. Throws errc::corrupt for a damaged one.
std::optional<tree_listing> read_listing(int directory);

// What is not as its listing says: "the content of \"etc/passwd\" has changed"; empty when all is.
// Throws errc::corrupt when tree or listing are missing or damaged, errc::unsupported where an earlier lxr wrote no listing.
std::string first_difference(int directory);

}  // namespace lxr::image
