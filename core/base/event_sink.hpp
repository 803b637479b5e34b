// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lxr {

// Receives what stages report: progress, messages and times. Defined here and implemented in cli/, because stages never
// print.
// Lifecycle: outlives everything that reports to it.
// Runs on: the loop's thread; implementations must not block for long.
// Failure: implementations must not throw.
class event_sink {
 public:
  using clock = std::chrono::steady_clock;

  virtual ~event_sink() = default;
  // Reports that one stage ran from `begin` to `end` for `subject`: a container's name or a layer.
  virtual void span(std::string_view stage, std::string_view subject, clock::time_point begin,
                    clock::time_point end) = 0;
  // Reports that `done` of `total` bytes of a layer were received; `phase` is "waiting", "pulling", "done" or "present"
  // (the store had the layer already).
  virtual void layer_progress(std::string_view layer, std::string_view phase, std::uint64_t done,
                              std::uint64_t total) = 0;
  // Reports that no call of layer_progress() follows.
  virtual void pull_ended() {}
  virtual void message(std::string_view text) = 0;
};

// Reports its own life as one span.
// Lifecycle: the constructor begins the span, the destructor ends and reports it.
// Borrows: the sink.
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
