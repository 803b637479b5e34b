// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/attach/session.hpp"
#include "cli/flags/flag_set.hpp"

namespace lxr::cli {

// Returns the bytes that a terminal sends for "ctrl-p,ctrl-q": letters, and "ctrl-" with one of a-z @ [ \\ ] ^ _,
// separated by commas. Returns "" for "", which switches detaching off. Throws errc::invalid_argument for other text.
std::string parse_detach_keys(const std::string& text);

// The flags of run, start and exec about the connection between the client's streams and the container's.
struct attach_flags {
  std::string detach_keys = "ctrl-p,ctrl-q";
  std::vector<std::string> streams;  // of -a: stdin, stdout, stderr; empty for all
  bool sig_proxy = true;

  void add_detach_keys(flag_set& app);
  void add_sig_proxy(flag_set& app);
  void add_streams(flag_set& app);
  void apply_to(session_options& session) const;
};

}  // namespace lxr::cli
