// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/integration/support.hpp"

namespace lxr::test {

// Compares what containers see with what umoci unpacks. Everything twice: through both store drivers.
class trees : public installation, public testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override { set_variable("LXR_STORE_DRIVER", GetParam()); }

  // What `command` prints in a mount namespace of its own, where the image's layers are mounted at `directory`, as
  // containers get them.
  outcome with_mounted(const std::string& id, const std::string& directory, const std::vector<std::string>& command);
  // Unpacks with umoci from a layout, and lists what a container of the same image would see.
  // umoci gives a parent that no member names the time of the unpacking: then times of directories are left out.
  void compare(const std::string& layout, const std::string& tag, const std::string& image,
               bool directory_times = true);
  // Every EROFS index in the store is one that erofs-utils of a newer release accepts. Returns how many there are.
  std::size_t check_indexes();

  const std::string fixture_ = std::string(LXR_BINARY_DIR) + "/fixture";
};

}  // namespace lxr::test
