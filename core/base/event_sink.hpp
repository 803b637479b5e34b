// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lxr {

// Where stages report how they are doing. Defined here, implemented in cli/; stages never print.
// Runs on: the loop's thread. Implementations do not throw and do not block for long.
class event_sink {
 public:
  using clock = std::chrono::steady_clock;

  virtual ~event_sink() = default;
  // One stage ran from `begin` to `end`, on behalf of `subject` (a container name, a layer).
  virtual void span(std::string_view stage, std::string_view subject, clock::time_point begin,
                    clock::time_point end) = 0;
  // A layer of a pull: `done` of `total` bytes received; phase is "waiting", "pulling", "done" or "present".
  virtual void layer_progress(std::string_view layer, std::string_view phase, std::uint64_t done,
                              std::uint64_t total) = 0;
  // No progress of layers follows.
  virtual void pull_ended() {}
  virtual void message(std::string_view text) = 0;
};

// Reports the life of this object as one span.
class stage_span {
 public:
  stage_span(event_sink& sink, std::string stage, std::string subject)
      : sink_(sink), stage_(std::move(stage)), subject_(std::move(subject)), begin_(event_sink::clock::now()) {}
  ~stage_span() { sink_.span(stage_, subject_, begin_, event_sink::clock::now()); }
  stage_span(const stage_span&) = delete;
  stage_span& operator=(const stage_span&) = delete;

 private:
  event_sink& sink_;
  std::string stage_, subject_;
  event_sink::clock::time_point begin_;
};

}  // namespace lxr
