// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/flags/flag_set.hpp"
#include "cli/flags/image_flags.hpp"
#include "cli/flags/process_flags.hpp"
#include "core/model/container_config.hpp"

namespace lxr::cli {

// The flags that run, create and batch share: a section of options each, the image, and what is shown meanwhile.
// Lifecycle: add_to(), parse, config(); stays where it is in between.
class container_flags {
 public:
  std::string trace;
  bool timing = false, quiet = false;

  container_flags() = default;
  container_flags(const container_flags&) = delete;
  container_flags& operator=(const container_flags&) = delete;

  void add_to(flag_set& app);
  // What they ask for, with the image and the command that the parser left over. Throws errc::invalid_argument.
  [[nodiscard]] container_config config(const flag_set& app);
  // How the image of `config` is to come.
  [[nodiscard]] engine::image_request image_of(const container_config& config) const;

 private:
  container_config config_;
  engine::image_request image_;
  process_flags process_;
};

}  // namespace lxr::cli
