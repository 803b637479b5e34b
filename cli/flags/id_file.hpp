// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "core/base/unique_fd.hpp"

namespace lxr::cli {

// The file of --cidfile. write() never changes a file that exists, and remove() removes only the file that write()
// made. Lifecycle: the constructor opens the directory of the path while the working directory is still the caller's;
// write()
//   when the container has an id; remove() when its start has failed. With an empty path the calls do nothing.
// Owns: the descriptor of the directory.
class id_file {
 public:
  id_file() = default;
  explicit id_file(const std::string& path);  // throws errc::already_exists
  void write(const std::string& id);
  void remove() noexcept;
  // Returns the descriptor of the directory, -1 without a path. The engine, which closes inherited descriptors, keeps
  // it.
  [[nodiscard]] int descriptor() const noexcept { return directory_.get(); }

 private:
  std::string path_, name_;
  unique_fd directory_;
  dev_t device_ = 0;  // of the file that write() made; inode 0: it made none
  ino_t inode_ = 0;
};

}  // namespace lxr::cli
