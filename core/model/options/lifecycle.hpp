// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "core/base/json_fields.hpp"

namespace lxr {

// How a container ends, and what is known of it besides.
struct lifecycle_options {
  std::string stop_signal;   // empty: the image's, or TERM
  int stop_timeout = 10;     // seconds until KILL; -1: never
  bool auto_remove = false;  // removed at its end
  std::map<std::string, std::string> labels, annotations;
};

template <class Format, json::same_struct<lifecycle_options> T>
void describe(Format& f, T& v) {
  f("stopSignal", v.stop_signal);
  f("stopTimeout", v.stop_timeout);
  f("autoRemove", v.auto_remove);
  f("labels", v.labels);
  f("annotations", v.annotations);
}

}  // namespace lxr
