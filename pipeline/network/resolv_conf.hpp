// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// The lines of resolv.conf(5) and hosts(5).
namespace lxr::network {

std::vector<std::string> lines_of(std::string_view text);
// The words of a line, which blanks and tabs separate.
std::vector<std::string> words_of(const std::string& line);
// Returns the server of a "nameserver" line; "" for any other line.
std::string server_of(const std::string& line);
// Returns the servers of all lines of a file.
std::vector<std::string> servers_of(std::string_view text);

}  // namespace lxr::network
