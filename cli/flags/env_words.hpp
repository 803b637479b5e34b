// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::cli {

// What the flags -e and --env-file say, as KEY=value: files first, so that words win. "KEY" alone copies the caller's
// value; a variable the caller does not have is left out. Throws errc::invalid_argument for a word or line without a
// name.
std::vector<std::string> environment_of(const std::vector<std::string>& files, const std::vector<std::string>& words);

// The lines of an env-file as docker reads them: a byte order mark, CR before LF, blanks before a name, empty lines and
// lines that begin with # are nothing; what stands behind "=" is the value, untouched. `path` names the file in errors.
std::vector<std::string> parse_env_file(const std::string& text, const std::string& path);

}  // namespace lxr::cli
