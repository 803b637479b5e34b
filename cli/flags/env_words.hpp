// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace lxr::cli {

// Returns the variables of --env-file and -e as "KEY=value": those of files first, so that -e wins. "KEY" alone copies
// the caller's value and is left out when the caller has none. Throws errc::invalid_argument for a word or line without
// a name.
std::vector<std::string> environment_of(const std::vector<std::string>& files, const std::vector<std::string>& words);
// Returns the caller's whole environment, for --env-host.
std::vector<std::string> environment_of_caller();
// Returns the caller's variables that name proxies (http_proxy, NO_PROXY and so on), for --http-proxy.
std::vector<std::string> proxies_of_caller();

// Returns the lines of an env-file as docker reads them. It ignores a byte order mark, CR before LF, blanks before a
// name, empty lines and lines that begin with #. The value is all that follows "=". `path` names the file in errors.
std::vector<std::string> parse_env_file(const std::string& text, const std::string& path);
// Returns the lines of a label file, which are read likewise: "KEY=value" or "KEY".
std::vector<std::string> parse_label_file(const std::string& text, const std::string& path);

}  // namespace lxr::cli
