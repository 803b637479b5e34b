// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace lxr::cli {

// Values of flags, read as docker does. Each function throws errc::invalid_argument that names `flag`, the value, and
// the values that are allowed.

// Throws errc::invalid_argument: "cannot use FLAG "VALUE": WHY".
[[noreturn]] void refuse_value(const std::string& flag, const std::string& value, const std::string& why);

// Returns the bytes of "512m", "1.5g", "2GiB" or "100"; the suffixes b k m g t p stand for powers of 1024.
std::int64_t parse_size(const std::string& text, const std::string& flag);
// Returns the number of processors of "1.5"; 0 means no limit.
double parse_cpus(const std::string& text, const std::string& flag);
// Accepts a name of RFC 1123 (labels of letters, digits and hyphens, joined by dots), also with underscores, because
// docker's users have such names; and "", which stands for the short id.
void check_hostname(const std::string& name, const std::string& flag);
// Accepts "KEY=value" and "KEY" with a key that is not empty and has no blanks.
void check_label(const std::string& text, const std::string& flag);

}  // namespace lxr::cli
