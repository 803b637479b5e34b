// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/flags/flag_set.hpp"
#include "core/model/options/process.hpp"

namespace lxr::cli {

// The flags about a container's process, but for those that only one command has (-i, -t).
class process_flags {
 public:
  // The flags set `options` while they are parsed, which outlives that.
  void add_to(flag_set& app, process_options& options);
  // After parsing: what several flags say together. Throws errc::invalid_argument.
  void finish(process_options& options) const;

 private:
  std::vector<std::string> env_, env_files_;
};

}  // namespace lxr::cli
