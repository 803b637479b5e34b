// SPDX-License-Identifier: Apache-2.0
#include "cli/flags/lifecycle_flags.hpp"

#include <fcntl.h>

#include <csignal>
#include <limits>

#include "cli/flags/env_words.hpp"
#include "cli/flags/flag_values.hpp"
#include "core/base/file.hpp"
#include "core/base/signals.hpp"

namespace lxr::cli {

void add_label_flag(flag_set& app, std::map<std::string, std::string>& labels) {
  app.add_option(
         "-l,--label",
         [&labels](const std::string& word) {
           check_label(word, "--label");
           const auto equals = word.find('=');
           labels[word.substr(0, equals)] = equals == std::string::npos ? "" : word.substr(equals + 1);
         },
         "Set metadata")
      ->takes("KEY[=VALUE]")
      ->repeated();
  app.add_option(
         "--label-file",
         [&labels](const std::string& path) {
           const auto text = file::read_at(AT_FDCWD, path);
           if (!text) refuse_value("--label-file", path, "there is no such file");
           for (const std::string& word : parse_label_file(*text, path)) {
             const auto equals = word.find('=');  // what --label says wins, wherever it stands
             labels.try_emplace(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
           }
         },
         "Read metadata from a file with KEY=VALUE in each line")
      ->takes("FILE", value_source::files)
      ->repeated();
}

void add_lifecycle_flags(flag_set& app, lifecycle_options& options) {
  add_label_flag(app, options.labels);
  app.add_option(
         "--annotation",
         [&options](const std::string& word) {
           const auto equals = word.find('=');
           if (equals == 0 || equals == std::string::npos) refuse_value("--annotation", word, "it is KEY=VALUE");
           options.annotations[word.substr(0, equals)] = word.substr(equals + 1);
         },
         "Add an annotation to the OCI spec")
      ->takes("KEY=VALUE")
      ->repeated();
  app.add_flag("--rm", options.auto_remove, "Remove the container when it exits");
  app.add_option(
         "--stop-signal",
         [&options](const std::string& word) {
           parse_signal(word, SIGTERM);  // throws when there is no such signal
           options.stop_signal = word;
         },
         "Signal that `lxr stop` sends first")
      ->takes("SIGNAL", value_source::signals);
  app.add_option("--stop-timeout", options.stop_timeout, "Seconds that `lxr stop` waits before it kills; -1: for ever")
      ->range(-1, std::numeric_limits<int>::max())
      ->takes("SECONDS");
}

}  // namespace lxr::cli
