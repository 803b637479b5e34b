// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/json/value.hpp>
#include <exception>
#include <string>
#include <string_view>

// The only functions that write to the standard streams; architecture.banned_calls finds others. Names, commands,
// messages and errors come from images, registries and other users: control characters in them are shown as \xNN.
namespace lxr::cli {

// Prints one line on standard output, after printable(). The line is buffered until flush_output().
void print_line(std::string_view text);
// Prints lines that lxr itself composed, unchanged.
void print_text(std::string_view text);
// Print JSON with control characters escaped as \uNNNN, on one line or indented.
void print_json(const boost::json::value& v);
void print_json_pretty(const boost::json::value& v);
// Print one line on standard error, after printable(); print_error() puts "lxr: " before it.
void print_note(std::string_view text) noexcept;
void print_error(std::string_view text) noexcept;
// Prints text on standard error, unchanged: printable() parts joined by cursor movements.
void print_progress(std::string_view text) noexcept;
// Prints bytes of a container's output, unchanged, on standard error if `to_errors`, else on standard output.
void print_bytes(std::string_view bytes, bool to_errors);

// Returns `text` with control characters and bytes that are no UTF-8 as \xNN.
std::string printable(std::string_view text);

// Writes the buffered text. Returns false once any write to standard output has failed.
bool flush_output() noexcept;
// Prints and flushes the result of finished work, text that lxr itself composed. Returns 0. When it cannot be written,
// prints an error that ends with `remains` (what the work has left behind) and returns 125.
int print_result(const std::string& text, const std::string& remains) noexcept;
// Prints the failure as print_error() does and returns its exit code.
int report_failure(const std::exception_ptr& failure) noexcept;
// Flushes the output at the end of a command and returns its exit code: `code`, or, when that is 0 and a write has
// failed, 125 (141 for EPIPE). Prints the error, except EPIPE.
int finish_output(int code) noexcept;

}  // namespace lxr::cli
