// SPDX-License-Identifier: Apache-2.0
#include "core/async/rollback.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace lxr {
namespace {

TEST(rollback, undoes_in_reverse_order_and_collects_failures) {
  rollback undo;
  std::string order;
  undo.add("a", [&] { order += 'a'; });
  undo.add("b", [] { throw std::runtime_error("stuck"); });
  undo.add("c", [&] { order += 'c'; });
  EXPECT_EQ(undo.run(), "b: stuck");
  EXPECT_EQ(order, "ca");
  EXPECT_EQ(undo.run(), "");
}

TEST(rollback, destruction_undoes_what_was_not_committed) {
  int undone = 0;
  {
    rollback undo;
    undo.add("x", [&] { ++undone; });
  }
  EXPECT_EQ(undone, 1);
  {
    rollback undo;
    undo.add("x", [&] { ++undone; });
    undo.commit();
  }
  EXPECT_EQ(undone, 1);
}

}  // namespace
}  // namespace lxr
