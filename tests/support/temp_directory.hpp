// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "core/base/file.hpp"
#include "core/base/unique_fd.hpp"

namespace lxr::test {

// A directory of its own for one test, removed with everything in it.
class temp_directory {
 public:
  temp_directory() {
    char name[] = "/tmp/lxr-test.XXXXXX";
    path_ = ::mkdtemp(name);
    fd_ = file::open_at(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
  }
  ~temp_directory() {
    std::error_code ignored;
    // State directories in it may have their content in memory (core/instance/memory_state.hpp).
    for (const auto& state : std::filesystem::directory_iterator(path_, ignored)) {
      const auto memory = std::filesystem::read_symlink(state.path() / "containers", ignored).parent_path();
      if (memory.string().starts_with("/dev/shm/lxr-")) std::filesystem::remove_all(memory, ignored);
    }
    std::filesystem::remove_all(path_, ignored);
  }
  temp_directory(const temp_directory&) = delete;
  temp_directory& operator=(const temp_directory&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  std::string path_;
  unique_fd fd_;
};

}  // namespace lxr::test
