// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

// JSON from outside, and lxr's own records. A document may be hostile: every error names the document and the member.
namespace lxr::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

// Parse one document of at most 32 levels; `document` names it in errors. Throw errc::corrupt.
value parse(std::string_view text, std::string_view document);
object parse_object(std::string_view text, std::string_view document);
// Parses a record that dump() wrote: its strings may hold bytes that are no UTF-8, as command lines and file names do.
object parse_record(std::string_view text, std::string_view document);
// Serializes one of lxr's records. Bytes that are no UTF-8 stay as they are.
std::string dump(const value& v);
// Serialize JSON for other programs, on one line or indented. Bytes that are no UTF-8, which JSON forbids (RFC 8259,
// 8.1), become the text \xNN.
std::string dump_line(const value& v);
std::string dump_pretty(const value& v);
// Returns the text with control characters and bytes that are no UTF-8 replaced by \xNN: safe in JSON and on a
// terminal.
std::string printable(std::string_view text);
bool is_utf8(std::string_view text);
// Makes serialized JSON safe for a terminal: control characters that JSON does not escape (DEL, U+0080 to U+009F)
// become
// \uNNNN, bytes that are no UTF-8 become the text \xNN.
std::string escape_controls(std::string_view json_text);

// Return the member `key`; the fallback (an empty value, a null pointer) when it is absent or null. Throw errc::corrupt
// for a member of another type.
std::string get_string(const object& o, std::string_view key, std::string_view fallback = {});
std::int64_t get_int(const object& o, std::string_view key, std::int64_t fallback = 0);
double get_double(const object& o, std::string_view key, double fallback = 0);
bool get_bool(const object& o, std::string_view key, bool fallback = false);
std::vector<std::string> get_strings(const object& o, std::string_view key);
std::map<std::string, std::string> get_string_map(const object& o, std::string_view key);
const object* find_object(const object& o, std::string_view key);
const array* find_array(const object& o, std::string_view key);

// Returns what `read` returns. An lxr::error of `read` that does not name `document` is thrown on as "read `document`".
template <class Read>
auto reading(std::string_view document, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const error& e) {
    if (e.subject().find(document) != std::string::npos) throw;
    throw e.within("read", std::string(document));
  }
}

array from(const std::vector<std::string>& strings);
object from(const std::map<std::string, std::string>& strings);

}  // namespace lxr::json
