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

// Checked access to JSON that may be hostile: every mistake names the document and the member.
namespace lxr::json {

using boost::json::array;
using boost::json::object;
using boost::json::value;

// Parses one document; at most 32 levels deep. `document` names it in errors.
value parse(std::string_view text, std::string_view document);
object parse_object(std::string_view text, std::string_view document);
// A record that lxr itself wrote with dump(): strings in it may hold any bytes, as command lines and file names do.
object parse_record(std::string_view text, std::string_view document);
// For lxr's own records: strings keep whatever bytes they hold.
std::string dump(const value& v);
// For others: on one line, or indented. Bytes that are no UTF-8 become the text \xNN, as JSON allows none (RFC 8259,
// 8.1).
std::string dump_line(const value& v);
std::string dump_pretty(const value& v);
// What a JSON string, or a terminal, can hold of any bytes: those that are no UTF-8, and control characters, as \xNN.
std::string printable(std::string_view text);
bool is_utf8(std::string_view text);
// Serialized JSON without the bytes a terminal obeys and JSON lets through (DEL, U+0080 to U+009F), as \uNNNN;
// bytes that are no UTF-8 as the text \xNN.
std::string escape_controls(std::string_view json_text);

// A member of the right kind, or the fallback when it is absent or null. A wrong kind throws errc::corrupt.
std::string get_string(const object& o, std::string_view key, std::string_view fallback = {});
std::int64_t get_int(const object& o, std::string_view key, std::int64_t fallback = 0);
double get_double(const object& o, std::string_view key, double fallback = 0);
bool get_bool(const object& o, std::string_view key, bool fallback = false);
std::vector<std::string> get_strings(const object& o, std::string_view key);
std::map<std::string, std::string> get_string_map(const object& o, std::string_view key);
const object* find_object(const object& o, std::string_view key);
const array* find_array(const object& o, std::string_view key);

// Calls `read` for a document; what it throws names the document.
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
