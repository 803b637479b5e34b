// SPDX-License-Identifier: Apache-2.0
#include "core/base/json.hpp"

#include <algorithm>
#include <cstdio>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "core/base/error.hpp"

namespace lxr::json {
namespace {

[[noreturn]] void wrong_kind(std::string_view key, const char* wanted) {
  throw error(errc::corrupt, "read JSON member", '"' + std::string(key) + '"', std::string("it is not ") + wanted);
}

const value* find(const object& o, std::string_view key) {
  const auto* found = o.if_contains(boost::json::string_view(key.data(), key.size()));
  return found != nullptr && !found->is_null() ? found : nullptr;
}

void indent(std::string& out, int depth) { out.append(static_cast<std::size_t>(depth) * 4, ' '); }

void pretty(const value& v, std::string& out, int depth) {
  if (const auto* o = v.if_object(); o != nullptr && !o->empty()) {
    out += "{\n";
    for (auto it = o->begin(); it != o->end(); ++it) {
      indent(out, depth + 1);
      out += boost::json::serialize(value(it->key())) + ": ";
      pretty(it->value(), out, depth + 1);
      out += std::next(it) == o->end() ? "\n" : ",\n";
    }
    indent(out, depth);
    out += '}';
  } else if (const auto* a = v.if_array(); a != nullptr && !a->empty()) {
    out += "[\n";
    for (auto it = a->begin(); it != a->end(); ++it) {
      indent(out, depth + 1);
      pretty(*it, out, depth + 1);
      out += std::next(it) == a->end() ? "\n" : ",\n";
    }
    indent(out, depth);
    out += ']';
  } else {
    out += boost::json::serialize(v);
  }
}

}  // namespace

namespace {

value parse_with(boost::json::parse_options options, std::string_view text, std::string_view document) {
  boost::system::error_code ec;
  options.max_depth = 32;
  value v = boost::json::parse(boost::json::string_view(text.data(), text.size()), ec, {}, options);
  if (ec) throw error(errc::corrupt, "parse JSON of", std::string(document), ec.message());
  return v;
}

object object_of(value v, std::string_view document) {
  if (!v.is_object()) throw error(errc::corrupt, "parse JSON of", std::string(document), "it is not an object");
  return std::move(v.get_object());
}

}  // namespace

value parse(std::string_view text, std::string_view document) { return parse_with({}, text, document); }

object parse_object(std::string_view text, std::string_view document) {
  return object_of(parse(text, document), document);
}

object parse_record(std::string_view text, std::string_view document) {
  boost::json::parse_options options;
  options.allow_invalid_utf8 = true;
  return object_of(parse_with(options, text, document), document);
}

std::string dump(const value& v) { return boost::json::serialize(v); }

std::string get_string(const object& o, std::string_view key, std::string_view fallback) {
  const value* v = find(o, key);
  if (v == nullptr) return std::string(fallback);
  if (!v->is_string()) wrong_kind(key, "a string");
  return {v->get_string().data(), v->get_string().size()};
}

std::int64_t get_int(const object& o, std::string_view key, std::int64_t fallback) {
  const value* v = find(o, key);
  if (v == nullptr) return fallback;
  boost::system::error_code ec;
  const auto number = v->is_number() ? v->to_number<std::int64_t>(ec) : 0;
  if (!v->is_number() || ec) wrong_kind(key, "an integer");
  return number;
}

double get_double(const object& o, std::string_view key, double fallback) {
  const value* v = find(o, key);
  if (v == nullptr) return fallback;
  if (!v->is_number()) wrong_kind(key, "a number");
  return v->to_number<double>();
}

bool get_bool(const object& o, std::string_view key, bool fallback) {
  const value* v = find(o, key);
  if (v == nullptr) return fallback;
  if (!v->is_bool()) wrong_kind(key, "a boolean");
  return v->get_bool();
}

std::vector<std::string> get_strings(const object& o, std::string_view key) {
  std::vector<std::string> out;
  const array* a = find_array(o, key);
  if (a == nullptr) return out;
  for (const value& v : *a) {
    if (!v.is_string()) wrong_kind(key, "an array of strings");
    out.emplace_back(v.get_string().data(), v.get_string().size());
  }
  return out;
}

std::map<std::string, std::string> get_string_map(const object& o, std::string_view key) {
  std::map<std::string, std::string> out;
  const object* members = find_object(o, key);
  if (members == nullptr) return out;
  for (const auto& [name, v] : *members) {
    if (!v.is_string()) wrong_kind(key, "an object of strings");
    out.emplace(std::string(name), std::string(v.get_string().data(), v.get_string().size()));
  }
  return out;
}

const object* find_object(const object& o, std::string_view key) {
  const value* v = find(o, key);
  if (v == nullptr) return nullptr;
  if (!v->is_object()) wrong_kind(key, "an object");
  return &v->get_object();
}

const array* find_array(const object& o, std::string_view key) {
  const value* v = find(o, key);
  if (v == nullptr) return nullptr;
  if (!v->is_array()) wrong_kind(key, "an array");
  return &v->get_array();
}

array from(const std::vector<std::string>& strings) {
  array out;
  for (const std::string& s : strings) out.emplace_back(s);
  return out;
}

object from(const std::map<std::string, std::string>& strings) {
  object out;
  for (const auto& [key, text] : strings) out[key] = text;
  return out;
}

namespace {

// Returns the size in bytes of the UTF-8 character at the front of `text` (RFC 3629); 0 when it begins with none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t size = first < 0x80                    ? 1
                           : first >= 0xc2 && first < 0xe0 ? 2
                           : first >= 0xe0 && first < 0xf0 ? 3
                           : first >= 0xf0 && first < 0xf5 ? 4
                                                           : 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  const bool impossible = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || impossible ? 0 : size;
}

// Returns true when `text` begins with a control U+0080 to U+009F. A terminal takes U+009B for ESC [.
bool is_c1_control(std::string_view text) {
  return text.size() > 1 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x20 || first == 0x7f || is_c1_control(text) ? 0 : character_size(text);
    if (size > 0) {
      out += text.substr(0, size);
    } else {
      char hex[5];
      std::snprintf(hex, sizeof hex, "\\x%02x", first);
      out += hex;
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string escape_controls(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    const bool control = text.front() == '\x7f' || (size == 2 && is_c1_control(text));
    if (size > 0 && !control) {
      out += text.substr(0, size);
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, size == 0 ? "\\\\x%02x" : "\\u%04x",
                    static_cast<unsigned>(static_cast<unsigned char>(text[size == 0 ? 0 : size - 1])));
      out += escape;
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

std::string dump_line(const value& v) { return escape_controls(dump(v)); }

std::string dump_pretty(const value& v) {
  std::string out;
  pretty(v, out, 0);
  return escape_controls(out);
}

}  // namespace lxr::json
