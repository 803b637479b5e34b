// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/base/event_sink.hpp"

namespace lxr::test {

struct no_events final : event_sink {
  void span(std::string_view, std::string_view, clock::time_point, clock::time_point) override {}
  void layer_progress(std::string_view, std::string_view, std::uint64_t, std::uint64_t) override {}
  void message(std::string_view) override {}
};

}  // namespace lxr::test
