#include <gtest/gtest.h>

#include <cstring>

#include "core/base/error.hpp"
#include "io/process/plan_builder.hpp"

namespace lxr::io::process {
namespace {

TEST(plan_builder, makes_one_block_of_offsets_that_may_move) {
  plan_builder b;
  const int slot = b.slot(7);
  b.add(op::set_hostname, "host", {.text = "box"});
  b.add(op::make_mount, "proc", {.a = slot, .text = "proc", .data = mount_option_pairs({"mode=755", "ro"})});
  b.add_exec("echo", {"/bin/echo", "/usr/bin/echo"}, {"echo", "hi"}, {"A=b"});
  built_plan plan = b.build();
  const std::string copy(plan.bytes());  // as lxr-init maps it: elsewhere
  const auto* header = reinterpret_cast<const launch_plan*>(copy.data());
  EXPECT_EQ(header->magic, plan_magic);
  EXPECT_EQ(header->size, copy.size());
  EXPECT_EQ(header->slots[slot], 7);
  EXPECT_EQ(header->slots[slot + 1], -1);
  const auto* ops = reinterpret_cast<const plan_op*>(copy.data() + header->ops);
  ASSERT_EQ(header->op_count, 3u);
  EXPECT_STREQ(copy.data() + ops[0].text, "box");
  EXPECT_EQ(std::string(copy.data() + ops[1].data, ops[1].data_size), std::string("mode\0" "755\0ro\0\0", 13));
  const auto* argv = reinterpret_cast<const string_list*>(copy.data() + ops[2].text);
  ASSERT_EQ(argv->count, 2u);
  const auto* offsets = reinterpret_cast<const std::uint32_t*>(copy.data() + argv->offsets);
  EXPECT_STREQ(copy.data() + offsets[1], "hi");
  EXPECT_EQ(plan.subjects[2], "echo");
}

TEST(plan_builder, refuses_nul_bytes_and_too_many_descriptors) {
  plan_builder b;
  EXPECT_THROW(b.add(op::set_hostname, "h", {.text = std::string_view("a\0b", 3)}), error);
  EXPECT_THROW(b.add_exec("x", {"/x"}, {std::string("a\0b", 3)}, {}), error);
  plan_builder many;
  for (int i = 0; i < slot_count; ++i) many.slot(i);
  EXPECT_THROW(many.slot(1), error);
}

TEST(plan_builder, carries_large_arguments) {
  plan_builder b;
  std::vector<std::string> env;
  for (int i = 0; i < 5000; ++i) env.push_back("KEY" + std::to_string(i) + "=" + std::string(100, 'x'));
  b.add_exec("x", {"/x"}, {"x"}, env);
  built_plan plan = b.build();
  const auto* ops = reinterpret_cast<const plan_op*>(plan.bytes().data() + plan.get()->ops);
  const auto* list = reinterpret_cast<const string_list*>(plan.bytes().data() + ops[0].more);
  EXPECT_EQ(list->count, 5000u);
  const auto* offsets = reinterpret_cast<const std::uint32_t*>(plan.bytes().data() + list->offsets);
  EXPECT_EQ(std::string(plan.bytes().data() + offsets[4999]).substr(0, 8), "KEY4999=");
}

}  // namespace
}  // namespace lxr::io::process
