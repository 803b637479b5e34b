#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"

namespace lxr::layer {

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

// A tree as it was stored is kept beside it in a file of its own, the listing: what tells later that something has changed, and what
// the tree alone does not tell. Each directory comes before what is in it, and all that is in it comes at once, in the order of the
// names' bytes. Trees and listings may be of any size: nobody holds one in memory as a whole.

// Visits a tree on disk in this order; without what cannot be seen, and with its inodes' own numbers.
struct tree_visitor {
  std::function<void(listed&)> name;
  // Behind the last name in this directory.
  std::function<void(const std::string& directory)> end_of = [](const std::string&) {};
  // Whoever made the tree knows of which files that is true, and saves opening the others.
  std::function<bool(std::uint64_t inode)> may_have_attributes = [](std::uint64_t) { return true; };
};
void visit_tree(int root, const tree_visitor& visitor);

// Writes the listing of `directory`, which holds the tree, root/.
// Lifecycle: add() the names in order, then finish().
class listing_writer {
 public:
  explicit listing_writer(int directory);
  void add(const listed& l);
  void finish();
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  unique_fd fd_;
  std::string buffer_;
  std::uint64_t size_ = 0;
};

// Reads a listing from its beginning. Failure: throws errc::corrupt for a damaged one.
class listing_reader {
 public:
  // Empty when there is none.
  static std::optional<listing_reader> open(int directory);
  std::optional<listed> next();

 private:
  explicit listing_reader(unique_fd fd) : fd_(std::move(fd)) {}
  bool fill();
  std::string_view string();
  std::string bytes();

  unique_fd fd_;
  std::string buffer_;
  std::size_t at_ = 0;  // what is before it was read
};

// What is not as its listing says: "the content of \"etc/passwd\" has changed"; empty when all is.
// Throws errc::corrupt when tree or listing are missing or damaged, errc::unsupported where an earlier lxr wrote no listing.
std::string first_difference(int directory);

}  // namespace lxr::layer
