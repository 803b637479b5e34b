// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <exception>
#include <string>
#include <string_view>

// The only place that writes to the standard streams (a test looks). Names, commands, messages and errors come from
// images, registries and other users: what a terminal would obey in them is shown as \xNN instead.
namespace lxr::cli {

// One line on standard output. Buffered: see finish_output().
void print_line(std::string_view text);
// Several lines of lxr's own words, as they are.
void print_text(std::string_view text);
// JSON in its own escapes, as one line or pretty.
void print_json(const boost::json::value& v);
void print_json_pretty(const boost::json::value& v);
// One line on standard error; print_error() with "lxr: " before it.
void print_note(std::string_view text) noexcept;
void print_error(std::string_view text) noexcept;
// Standard error as it is: for what was made of printable() parts and cursor movements.
void print_progress(std::string_view text) noexcept;
// Bytes of a container's output, as they are, to standard output or standard error.
void print_bytes(std::string_view bytes, bool to_errors);

// `text` with every byte that a terminal would obey, or that is no UTF-8, as \xNN.
std::string printable(std::string_view text);

// Sends what was printed on its way. False once any of it did not arrive.
bool flush_output() noexcept;
// Prints the result of work that is done, lxr's own words as they are, and sends it. 0, or 125 after saying that it did
// not arrive and what `remains`.
int print_result(const std::string& text, const std::string& remains) noexcept;
// Prints "lxr: ..." on standard error and returns the exit code.
int report_failure(const std::exception_ptr& failure) noexcept;
// A command's exit code: `code`, unless that is 0 and results did not arrive. A reader that went away is not told of.
int finish_output(int code) noexcept;

}  // namespace lxr::cli
