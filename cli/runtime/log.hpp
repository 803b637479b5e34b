// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "core/base/event_sink.hpp"

namespace lxr::cli::runtime_verbs {

// Where the runtime says what went wrong: on standard error and, with --log, in a file that callers read the last error
// from. One line a message, as logrus writes it: JSON {"level","msg","time"}, or text.
// Lifecycle: open() and use_json() before the first message.  Runs on: one thread.
class log final : public event_sink {
 public:
  void open(const std::string& path) { path_ = path; }
  void use_json(bool json) { json_ = json; }
  void error(std::string_view text) { write("error", text); }

  void message(std::string_view text) override { write("warning", text); }
  void span(std::string_view, std::string_view, clock::time_point, clock::time_point) override {}
  void layer_progress(std::string_view, std::string_view, std::uint64_t, std::uint64_t) override {}

 private:
  void write(const char* level, std::string_view text);
  std::string path_;
  bool json_ = false;
};

// Of this process.
log& the_log();

}  // namespace lxr::cli::runtime_verbs
