// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/flags/flag_set.hpp"
#include "cli/flags/image_flags.hpp"
#include "cli/flags/network_flags.hpp"
#include "cli/flags/process_flags.hpp"
#include "core/model/container_config.hpp"

namespace lxr::cli {

// The flags that run, create and batch share: those of each section of options, of the image, and of --timing, --trace
// and --quiet.
// Lifecycle: add_to(), flag_set::parse(), config(). It must not move between them: the flags set its members.
class container_flags {
 public:
  std::string trace;
  bool timing = false, quiet = false;

  container_flags() = default;
  container_flags(const container_flags&) = delete;
  container_flags& operator=(const container_flags&) = delete;

  void add_to(flag_set& app);
  // Returns the configuration that the flags and the remaining words (image and command) ask for. Throws
  // errc::invalid_argument.
  [[nodiscard]] container_config config(const flag_set& app);
  // Returns the request for the image of `config`.
  [[nodiscard]] engine::image_request image_of(const container_config& config) const;

 private:
  container_config config_;
  engine::image_request image_;
  process_flags process_;
  network_flags network_;
};

}  // namespace lxr::cli
