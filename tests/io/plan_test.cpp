// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstring>

#include "core/base/error.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::io::process {
namespace {

namespace ops = child::ops;
using child::launch_plan;
using child::plan_op;

template <class Operands>
const Operands& operands_of(const plan_op& o) {
  EXPECT_EQ(o.code, Operands::code);
  return *reinterpret_cast<const Operands*>(o.operands);
}

// Reads a block as the child does, wherever it lies.
struct view {
  explicit view(const built_plan& plan)
      : copy(plan.bytes()), header(reinterpret_cast<const launch_plan*>(copy.data())) {}
  [[nodiscard]] const char* at(std::uint32_t offset) const { return copy.data() + offset; }
  [[nodiscard]] const plan_op* op() const { return reinterpret_cast<const plan_op*>(at(header->ops)); }
  [[nodiscard]] const int* slots() const { return reinterpret_cast<const int*>(at(header->slots)); }
  [[nodiscard]] std::string word(const child::string_list& list, std::uint32_t n) const {
    return at(reinterpret_cast<const std::uint32_t*>(at(list.offsets))[n]);
  }
  std::string copy;
  const launch_plan* header;
};

ops::exec exec_of(plan_builder& b, const std::vector<std::string>& argv, const std::vector<std::string>& envp) {
  ops::exec exec{.candidates = b.bytes(argv.front())};
  exec.argv = b.list(argv);
  exec.envp = b.list(envp);
  return exec;
}

TEST(plan_builder, makes_one_block_of_offsets_that_may_move) {
  plan_builder b;
  const child::slot given = b.slot(7), later = b.slot();
  b.add("host", ops::set_hostname{b.text("box")});
  b.add("proc", ops::make_filesystem{.to = later,
                                     .type = b.text("proc"),
                                     .options = b.bytes(filesystem_options({"mode=755", "ro"})),
                                     .attributes = 1});
  b.add("echo", exec_of(b, {"echo", "hi"}, {"A=b"}));
  const built_plan plan = b.build();
  const view v(plan);
  EXPECT_EQ(v.header->magic, child::plan_magic);
  EXPECT_EQ(v.header->size, v.copy.size());
  ASSERT_EQ(v.header->slot_count, 2u);
  EXPECT_EQ(v.slots()[given], 7);
  EXPECT_EQ(v.slots()[later], -1);
  ASSERT_EQ(v.header->op_count, 3u);
  EXPECT_STREQ(v.at(operands_of<ops::set_hostname>(v.op()[0]).name.offset), "box");
  const auto& made = operands_of<ops::make_filesystem>(v.op()[1]);
  EXPECT_EQ(std::string(v.at(made.options.offset), made.options.size), std::string("mode\0"
                                                                                   "755\0ro\0\0",
                                                                                   13));
  const auto& exec = operands_of<ops::exec>(v.op()[2]);
  ASSERT_EQ(exec.argv.count, 2u);
  EXPECT_EQ(v.word(exec.argv, 1), "hi");
  EXPECT_EQ(plan.subjects[2], "echo");
  EXPECT_EQ(plan.inherited, std::vector{7});
}

TEST(plan_builder, refuses_nul_bytes) {
  plan_builder b;
  EXPECT_THROW(b.text(std::string_view("a\0b", 3)), error);
  EXPECT_THROW(b.list({std::string("a\0b", 3)}), error);
}

// Issue 12: the number of slots has no fixed limit.
TEST(plan_builder, has_as_many_slots_as_are_asked_for) {
  plan_builder b;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(b.slot(i), i);
  const built_plan plan = b.build();
  EXPECT_EQ(view(plan).slots()[999], 999);
  EXPECT_EQ(plan.inherited.size(), 1000u);
}

TEST(plan_builder, carries_large_arguments) {
  plan_builder b;
  std::vector<std::string> env;
  for (int i = 0; i < 5000; ++i) env.push_back("KEY" + std::to_string(i) + "=" + std::string(100, 'x'));
  b.add("x", exec_of(b, {"/x"}, env));
  const built_plan plan = b.build();
  const view v(plan);
  const auto& exec = operands_of<ops::exec>(v.op()[0]);
  ASSERT_EQ(exec.envp.count, 5000u);
  EXPECT_EQ(v.word(exec.envp, 4999).substr(0, 8), "KEY4999=");
}

}  // namespace
}  // namespace lxr::io::process
