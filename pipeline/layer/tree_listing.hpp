// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/unique_fd.hpp"

namespace lxr::layer {

// One name of a tree of files, with all its metadata.
struct listed {
  std::string path;  // from the root of the tree, which is ""
  std::uint32_t mode = 0, uid = 0, gid = 0, mtime_nanoseconds = 0;
  std::int64_t mtime_seconds = 0;
  std::uint64_t size = 0, device = 0;  // bytes, of a file; the number of a device node
  // In a visited tree the inode; in a listing a number that only the names of one file share.
  std::uint64_t inode = 0;
  std::string link_target;
  std::map<std::string, std::string> xattrs;  // of files and directories
  // Not visible in a tree; recorded in its listing.
  std::optional<std::uint32_t> checksum;  // CRC-32C of the content
  bool implied = false;  // a directory that no member of the layer named, only the paths of other members
};

// A listing is a file beside a stored tree that records the tree as it was stored. It tells later whether something has
// changed, and it holds what the tree alone does not tell. Order: a directory comes before its content; all names of
// one directory come together, sorted by bytes. Trees and listings may be of any size, so neither is held in memory as
// a whole.

// The calls of visit_tree(), which visits a tree on disk in the order of listings. Fields of `listed` that are not
// visible stay empty, `inode` is the real number.
struct tree_visitor {
  std::function<void(listed&)> name;
  // Called after the last name of this directory.
  std::function<void(const std::string& directory)> end_of = [](const std::string&) {};
  // Returns false for files that are known to have no attributes: these are not opened.
  std::function<bool(std::uint64_t inode)> may_have_attributes = [](std::uint64_t) { return true; };
};
void visit_tree(int root, const tree_visitor& visitor);

// Writes the listing of `directory`, which holds the tree root/.
// Lifecycle: add() the names in order, then finish().
// Runs on: one thread at a time.
// Owns: the listing file.
// Failure: throws lxr::error with errno.
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

// Reads a listing from its beginning.
// Lifecycle: open(), then next() until it returns nullopt.
// Runs on: one thread at a time.
// Owns: the listing file.
// Failure: throws errc::corrupt for a damaged listing.
class listing_reader {
 public:
  // Returns nullopt when the directory has no listing.
  static std::optional<listing_reader> open(int directory);
  std::optional<listed> next();

 private:
  explicit listing_reader(unique_fd fd) : fd_(std::move(fd)) {}
  bool fill();
  std::string_view string();
  std::string bytes();

  unique_fd fd_;
  std::string buffer_;
  std::size_t at_ = 0;  // position of the first byte in buffer_ that was not yet returned
};

// Compares a tree with its listing. Returns the first difference, as in: the content of "etc/passwd" has changed; ""
// when there is none.
// Failure: throws errc::corrupt when the tree is missing or the listing damaged, errc::unsupported when an earlier lxr
//   wrote no listing.
std::string first_difference(int directory);

}  // namespace lxr::layer
