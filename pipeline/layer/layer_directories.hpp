#pragma once

#include <limits.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::layer {

// The directories of a layer that is being written as a tree. Paths are resolved inside its root: symbolic links that parents
// lead through are followed from there, never out of it (openat2(2), RESOLVE_IN_ROOT).
// Failure: throws error{errc::corrupt} for paths through too many links, and what errno says.
class layer_directories {
 public:
  // `count` is called with the path of each directory before it is made; it throws when there are too many.
  layer_directories(unique_fd root, std::function<void(const std::string& path)> count);

  [[nodiscard]] int root() const noexcept { return root_.get(); }
  // The directory `path` leads to; "" is the root. Missing ones are made as plain 0755 ones, as every unpacker does.
  // Borrowed from a cache: good until the next call.
  int of(const std::string& path);
  // The same of one that is there.
  [[nodiscard]] unique_fd open(const std::string& path) const;
  // Something else takes the place of what is in this directory; kept ones may lead into that.
  void forget_all_but(int directory);
  void forget_all() { recent_.clear(); }

  // Directories that no member of the layer named, only the paths of others.
  void named(std::uint64_t inode) { implied_.erase(inode); }
  [[nodiscard]] bool is_implied(std::uint64_t inode) const { return implied_.contains(inode); }
  [[nodiscard]] std::uint64_t memory() const noexcept { return implied_.size() * 64 + recent_.size() * PATH_MAX; }

 private:
  unique_fd make(const std::string& path);
  unique_fd make_below(unique_fd directory, std::vector<std::string>& way, const std::string& name);

  unique_fd root_;
  std::function<void(const std::string&)> count_;
  std::map<std::string, unique_fd> recent_;
  std::set<std::uint64_t> implied_;  // by inode
};

}  // namespace lxr::layer
