// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lxr::cli {

// Values of flags as docker reads them. Each throws errc::invalid_argument that names `flag`, the value, and what it
// may be.

// Throws errc::invalid_argument: "cannot use FLAG "VALUE": WHY".
[[noreturn]] void refuse_value(const std::string& flag, const std::string& value, const std::string& why);

// "512m", "1.5g", "2GiB", "100": bytes; suffixes b k m g t p, powers of 1024.
std::int64_t parse_size(const std::string& text, const std::string& flag);
// "1.5": processors; 0 for no limit.
double parse_cpus(const std::string& text, const std::string& flag);
// A name of RFC 1123: labels of letters, digits and hyphens, joined by dots. The underscore is taken too: docker's
// users have names with it, and lookups by them work. "" stands for the short id.
void check_hostname(const std::string& name, const std::string& flag);
// "KEY=value" or "KEY": the key is not empty and has no blanks.
void check_label(const std::string& text, const std::string& flag);

}  // namespace lxr::cli
