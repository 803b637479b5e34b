// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

// Reads and writes structs as JSON objects. One function describe() lists the members for both directions:
//
//   template <class Format, json::same_struct<point> T>
//   void describe(Format& f, T& v) {
//     f("x", v.x);
//     f("y", v.y);
//   }
//
// A member may be
//   - a bool, a whole number, a double, a string, a struct with a describe();
//   - an enumeration E, by `const char* to_word(E)` and `bool from_word(std::string_view, E&)`;
//   - a type W that JSON holds as an array of strings, by `std::vector<std::string> to_words(const W&)` and
//     `void from_words(std::vector<std::string>, W&)`; ADL finds these functions;
//   - an optional, a vector or a map<string> of one of these.
// A member that is absent or null keeps the default of the struct. Members of the JSON object that describe() does not
// name are ignored.
namespace lxr::json {

// Is true for Struct and for const Struct: describe() gets the first when it reads and the second when it writes.
template <class T, class Struct>
concept same_struct = std::same_as<std::remove_const_t<T>, Struct>;

// Reads the members of one object.
// Borrows: the object and the document's name.
// Failure: throws error{code} that names the document and the member: "read config.json: process.cwd is ...".
class field_reader {
 public:
  field_reader(const object& from, std::string path, std::string_view document, errc code)
      : from_(from), path_(std::move(path)), document_(document), code_(code) {}

  template <class T>
  void operator()(const char* name, T& out) const {
    const value* found = from_.if_contains(name);
    if (found != nullptr && !found->is_null()) read(*found, out, path_.empty() ? name : path_ + "." + name);
  }
  template <class T>
  void always(const char* name, T& out) const {
    (*this)(name, out);
  }

 private:
  [[noreturn]] void refuse(const std::string& path, const std::string& reason) const {
    throw error(code_, "read", std::string(document_), path + " " + reason);
  }

  void read(const value& v, std::string& out, const std::string& path) const {
    if (!v.is_string()) refuse(path, "is not a string");
    out = v.as_string();
    if (out.find('\0') != std::string::npos) refuse(path, "holds a NUL character");
  }

  void read(const value& v, bool& out, const std::string& path) const {
    if (!v.is_bool()) refuse(path, "is neither true nor false");
    out = v.as_bool();
  }

  void read(const value& v, double& out, const std::string& path) const {
    if (!v.is_number()) refuse(path, "is not a number");
    out = v.to_number<double>();
  }

  template <std::integral T>
  void read(const value& v, T& out, const std::string& path) const {
    bool fits = false;
    if (const std::int64_t* n = v.if_int64()) {
      fits = std::in_range<T>(*n);
      if (fits) out = static_cast<T>(*n);
    } else if (const std::uint64_t* u = v.if_uint64()) {
      fits = std::in_range<T>(*u);
      if (fits) out = static_cast<T>(*u);
    } else {
      refuse(path, "is not a whole number");
    }
    using limits = std::numeric_limits<T>;
    if (!fits)
      refuse(path, "is not between " + std::to_string(limits::min()) + " and " + std::to_string(limits::max()));
  }

  template <class T>
    requires std::is_enum_v<T>
  void read(const value& v, T& out, const std::string& path) const {
    std::string word;
    read(v, word, path);
    if (!from_word(word, out)) refuse(path, "has an unknown value: \"" + word + '"');
  }

  template <class T>
  void read(const value& v, std::optional<T>& out, const std::string& path) const {
    read(v, out.emplace(), path);
  }

  template <class T>
  void read(const value& v, std::vector<T>& out, const std::string& path) const {
    if (!v.is_array()) refuse(path, "is not a list");
    out.clear();
    for (const value& element : v.as_array()) {
      const std::string place = path + "[" + std::to_string(out.size()) + "]";
      read(element, out.emplace_back(), place);
    }
  }

  template <class T>
  void read(const value& v, std::map<std::string, T>& out, const std::string& path) const {
    if (!v.is_object()) refuse(path, "is not an object");
    out.clear();
    for (const auto& [key, element] : v.as_object())
      read(element, out[std::string(key)], path + "." + std::string(key));
  }

  template <class T>
    requires std::is_class_v<T>
  void read(const value& v, T& out, const std::string& path) const {
    if constexpr (requires { from_words(std::vector<std::string>(), out); }) {
      std::vector<std::string> words;
      read(v, words, path);
      from_words(std::move(words), out);
    } else {
      if (!v.is_object()) refuse(path, "is not an object");
      field_reader inner(v.as_object(), path, document_, code_);
      describe(inner, out);
    }
  }

  const object& from_;
  std::string path_;
  std::string_view document_;
  errc code_;
};

// Writes the members of one object, except those that are false, empty or an empty optional. A reader gives such
// members their default, so a member whose default is true or not empty must be an optional. Owns: the object, until
// take().
class field_writer {
 public:
  template <class T>
  void operator()(const char* name, const T& in) {
    value v = value_of(in);
    if (!is_absent(v)) object_[name] = std::move(v);
  }
  template <class T>
  void operator()(const char* name, const std::optional<T>& in) {
    if (in) object_[name] = value_of(*in);
  }
  // Writes a false or empty member, too: one that a schema requires.
  template <class T>
  void always(const char* name, const T& in) {
    object_[name] = value_of(in);
  }
  object take() { return std::move(object_); }

 private:
  static bool is_absent(const value& v) {
    if (const bool* b = v.if_bool()) return !*b;
    if (const auto* s = v.if_string()) return s->empty();
    if (const auto* a = v.if_array()) return a->empty();
    if (const auto* o = v.if_object()) return o->empty();
    return v.is_null();
  }

  static value value_of(bool v) { return v; }
  static value value_of(double v) { return v; }
  static value value_of(const std::string& v) { return value(v); }
  template <std::integral T>
  static value value_of(T v) {
    if constexpr (std::is_signed_v<T>) {
      return static_cast<std::int64_t>(v);
    } else {
      return static_cast<std::uint64_t>(v);
    }
  }
  template <class T>
    requires std::is_enum_v<T>
  static value value_of(T v) {
    return value(to_word(v));
  }
  template <class T>
  static value value_of(const std::vector<T>& v) {
    array out;
    out.reserve(v.size());
    for (const T& element : v) out.push_back(value_of(element));
    return out;
  }
  template <class T>
  static value value_of(const std::map<std::string, T>& v) {
    object out;
    for (const auto& [key, element] : v) out[key] = value_of(element);
    return out;
  }
  template <class T>
    requires std::is_class_v<T>
  static value value_of(const T& v) {
    if constexpr (requires { to_words(v); }) {
      return from(to_words(v));
    } else {
      field_writer inner;
      describe(inner, v);
      return inner.take();
    }
  }

  object object_;
};

template <class T>
T read_fields(const object& o, std::string_view document, errc code = errc::corrupt) {
  T out;
  field_reader reader(o, "", document, code);
  describe(reader, out);
  return out;
}

template <class T>
object write_fields(const T& v) {
  field_writer writer;
  describe(writer, v);
  return writer.take();
}

template <class T>
array from_structs(const std::vector<T>& v) {
  array out;
  out.reserve(v.size());
  for (const T& one : v) out.push_back(write_fields(one));
  return out;
}

}  // namespace lxr::json
