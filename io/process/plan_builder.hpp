#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/child/launch_plan.hpp"

namespace lxr::io::process {

// A finished plan: the block the child runs, and for each operation what it attempts, for the parent's errors.
struct built_plan {
  std::vector<std::uint64_t> block;  // 8-aligned bytes
  std::vector<std::string> subjects;

  [[nodiscard]] launch_plan* get() noexcept { return reinterpret_cast<launch_plan*>(block.data()); }
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {reinterpret_cast<const char*>(block.data()), block.size() * sizeof(std::uint64_t)};
  }
};

// Assembles a launch plan operation by operation. `subject` of each says in a user's words what the operation is about.
// Lifecycle: add operations in the order the child is to run them, then build() once.
class plan_builder {
 public:
  struct operands {
    std::int32_t a = 0, b = 0;
    std::int64_t c = 0;
    std::string_view text, more, data;
  };

  // A descriptor the child inherits (or, with -1, one that an operation fills in). Returns the slot's number.
  int slot(int fd = -1);
  // Returns the operation's index.
  std::uint32_t add(op code, std::string subject, const operands& o);
  // exec is the only operation with string lists.
  void add_exec(std::string subject, const std::vector<std::string>& candidates, const std::vector<std::string>& argv,
                const std::vector<std::string>& envp);

  [[nodiscard]] built_plan build();

 private:
  std::uint32_t put(std::string_view bytes, bool terminate);
  std::uint32_t put_list(const std::vector<std::string>& strings);

  std::vector<plan_op> ops_;
  std::vector<std::string> subjects_;
  std::vector<int> slots_;
  std::string data_ = std::string(8, '\0');  // offset 0 means "none"
};

// The mount options of a make_mount operation: "key" or "key=value" words, as NUL-separated pairs.
std::string mount_option_pairs(const std::vector<std::string>& options);

}  // namespace lxr::io::process
