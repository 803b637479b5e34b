// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/flags/flag_set.hpp"
#include "core/model/options/network.hpp"

namespace lxr::cli {

// The flags about a container's network.
// Lifecycle: add_to(), flag_set::parse(), finish(). It must not move between them: the flags set its members.
class network_flags {
 public:
  // Adds the flags. They set `options` while they are parsed; it must live until then.
  void add_to(flag_set& app, network_options& options);
  // Sets the options that depend on several flags together. Throws errc::invalid_argument.
  void finish(network_options& options) const;

 private:
  void add_name_flags(flag_set& app, network_options& options);
  void add_port_flags(flag_set& app, network_options& options);

  bool has_mode_ = false, has_network_ = false;
  std::string address_, mac_;  // of the first network
};

}  // namespace lxr::cli
