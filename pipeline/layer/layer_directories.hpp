// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits.h>

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/base/unique_fd.hpp"

namespace lxr::layer {

// The directories of a layer that is written as a tree of files. Paths are resolved inside its root: symbolic links in
// the middle of a path are followed from the root and never out of it (openat2(2), RESOLVE_IN_ROOT).
// Lifecycle: made for an empty root; lives as long as the layer is written.
// Runs on: one thread at a time.
// Owns: the descriptors of the root and of recently used directories.
// Failure: throws error{errc::corrupt} for paths through too many links, and lxr::error with errno.
class layer_directories {
 public:
  // `count` is called with the path of each directory before it is made; it throws when there are too many.
  layer_directories(unique_fd root, std::function<void(const std::string& path)> count);

  [[nodiscard]] int root() const noexcept { return root_.get(); }
  // Returns the directory that `path` leads to; "" is the root. Makes missing ones with mode 0755, as every unpacker
  // does. The descriptor belongs to a cache and is valid until the next call.
  int of(const std::string& path);
  // Opens an existing directory.
  [[nodiscard]] unique_fd open(const std::string& path) const;
  // Forgets cached descriptors except `directory`: call it when an entry of `directory` is replaced, because the others
  // may lead into the old one.
  void forget_all_but(int directory);
  void forget_all() { recent_.clear(); }

  // Implied directories are those that no member of the layer named, only the paths of other members. named() says that
  // a member has named this one.
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
