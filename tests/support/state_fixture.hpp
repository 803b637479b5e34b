// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "core/base/file.hpp"
#include "core/instance/container_lock.hpp"
#include "core/instance/names.hpp"
#include "core/model/container_config.hpp"
#include "tests/support/temp_directory.hpp"

namespace lxr::test {

// An instance in directories of its own, where containers can be made that have records and no process.
struct state_fixture : testing::Test {
  temp_directory dir;
  instance where = instance::open(dir.path() + "/root", dir.path() + "/state");

  std::string make_container(const std::string& name, bool auto_remove = false) {
    container_config c;
    c.id = new_container_id();
    c.name = name;
    c.lifecycle.auto_remove = auto_remove;
    const container_lock making = make_container_lock(where, c.id, {});
    reserve_name(where, name, c.id);
    file::make_directory_at(where.root_fd(), "containers/" + c.id);
    save(where, c);
    return c.id;
  }
};

}  // namespace lxr::test
