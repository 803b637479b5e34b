// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/flags/flag_set.hpp"
#include "core/model/options/process.hpp"

namespace lxr::cli {

// The flags about a container's process, except those that only one command has (-i, -t).
// Lifecycle: add_to(), flag_set::parse(), finish(). It must not move between them: the flags set its members.
class process_flags {
 public:
  // Adds the flags. They set `options` while they are parsed; it must live until then.
  void add_to(flag_set& app, process_options& options);
  // Sets the options that depend on several flags together. Throws errc::invalid_argument.
  void finish(process_options& options) const;

 private:
  std::vector<std::string> env_, env_files_;
  bool env_host_ = false, http_proxy_ = false;
};

}  // namespace lxr::cli
