// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr::cli {

// The file of --cidfile. Another's is never written to or removed: not one that is there, not one that takes our file's
// place.
// Lifecycle: made before anything else (its directory is opened then, so that the path is the caller's); write() once
//   there is
// an id; remove() when the container came to nothing. An empty path: all do nothing.
class id_file {
 public:
  id_file() = default;
  explicit id_file(const std::string& path);  // throws errc::already_exists
  void write(const std::string& id);
  void remove() noexcept;
  // Of its directory; -1: none. Whoever closes what it inherited must keep it.
  [[nodiscard]] int descriptor() const noexcept { return directory_.get(); }

 private:
  std::string path_, name_;
  unique_fd directory_;
  dev_t device_ = 0;  // of the file we made; inode 0: none yet
  ino_t inode_ = 0;
};

}  // namespace lxr::cli
