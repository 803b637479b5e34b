// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/flags/value_source.hpp"

namespace lxr::cli {

struct candidate {
  std::string word, description;
};

// What the last word of a command line may become.
struct completion {
  std::vector<candidate> candidates;
  value_source shell = value_source::none;  // files or directories: the shell lists these
};

// Returns the values of a source that begin with `typed`, in the instance of these directories.
using value_reader = std::function<std::vector<candidate>(value_source source, const std::string& typed,
                                                          const std::string& root, const std::string& state)>;

// Completes the last of `words`, which follow "lxr" on a command line; what flags and arguments there are, the commands
// themselves declare. Candidates consist of letters, digits and -_.,:/@=+ only: no shell and no terminal takes any of
// these for more than text, whatever a record on disk says.
// Failure: throws lxr::error for words that the command would refuse.
completion complete(std::vector<std::string> words, const value_reader& values);

}  // namespace lxr::cli
