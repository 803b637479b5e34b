// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "io/child/launch_plan.hpp"

namespace lxr::io::process {

// A finished plan: the block the child runs, and for each operation what it attempts, for the parent's errors.
struct built_plan {
  std::vector<std::uint64_t> block;   // 8-aligned bytes
  std::vector<std::string> subjects;  // by operation, in a user's words
  std::vector<int> inherited;         // the descriptors of the parent that the child keeps

  [[nodiscard]] child::launch_plan* get() noexcept { return reinterpret_cast<child::launch_plan*>(block.data()); }
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(block.data()), block.size() * sizeof(std::uint64_t)};
  }
};

// Assembles a launch plan operation by operation:
//   plan.add("/etc", child::ops::write_file{.directory = etc, .path = plan.text("motd"), .content = plan.bytes(motd)});
// `subject` of each says in a user's words what the operation is about.
// Lifecycle: add operations in the order the child is to run them, then build() once.
// Failure: throws errc::invalid_argument for a text that holds a NUL byte.
class plan_builder {
 public:
  // A descriptor the child inherits (or, with -1, one that an operation fills in).
  child::slot slot(int fd = -1);
  child::text text(std::string_view s);
  child::bytes bytes(std::string_view s);
  child::string_list list(const std::vector<std::string>& strings);
  // The offset of a struct that operations refer to.
  template <class Struct>
  std::uint32_t put_struct(const Struct& s) {
    return put({reinterpret_cast<const char*>(&s), sizeof s}, false);
  }

  template <class Operands>
  void add(std::string subject, const Operands& operands) {
    child::plan_op o{Operands::code};
    static_assert(sizeof operands <= sizeof o.operands);
    std::memcpy(o.operands, &operands, sizeof operands);
    ops_.push_back(o);
    subjects_.push_back(std::move(subject));
  }

  [[nodiscard]] built_plan build();

 private:
  std::uint32_t put(std::string_view s, bool terminate);

  std::vector<child::plan_op> ops_;
  std::vector<std::string> subjects_;
  std::vector<int> slots_;
  std::string block_ =
      std::string(sizeof(child::launch_plan), '\0');  // the header, filled in by build(), then texts and data
};

// The options of a new filesystem, "key" or "key=value" words, as child::ops::make_filesystem takes them.
std::string filesystem_options(const std::vector<std::string>& words);

}  // namespace lxr::io::process
