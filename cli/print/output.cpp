// SPDX-License-Identifier: Apache-2.0
#include "cli/print/output.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "cli/print/exit_code.hpp"
#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace lxr::cli {
namespace {

int output_failure = 0;  // errno of the first write to standard output that failed

void put(std::FILE* to, std::string_view text) noexcept {
  if (std::fwrite(text.data(), 1, text.size(), to) != text.size() && to == stdout && output_failure == 0)
    output_failure = errno;
}

void put_line(std::FILE* to, std::string_view text) {
  std::string line = printable(text);
  line += '\n';
  put(to, line);
}

}  // namespace

std::string printable(std::string_view text) { return json::printable(text); }

void print_line(std::string_view text) { put_line(stdout, text); }

void print_text(std::string_view text) { put(stdout, text); }

void print_json(const boost::json::value& v) { put(stdout, json::escape_controls(json::dump(v)) + "\n"); }

void print_json_pretty(const boost::json::value& v) { put(stdout, json::escape_controls(json::dump_pretty(v)) + "\n"); }

void print_note(std::string_view text) noexcept { put_line(stderr, text); }

void print_error(std::string_view text) noexcept { put_line(stderr, "lxr: " + std::string(text)); }

void print_progress(std::string_view text) noexcept { put(stderr, text); }

void print_bytes(std::string_view bytes, bool to_errors) {
  std::FILE* to = to_errors ? stderr : stdout;
  if (to_errors) flush_output();  // both streams may be the same file: keep the order
  put(to, bytes);
}

bool flush_output() noexcept {
  if (std::fflush(stdout) != 0 && output_failure == 0) output_failure = errno;
  return output_failure == 0;
}

int print_result(const std::string& text, const std::string& remains) noexcept {
  print_text(text);
  if (flush_output()) return 0;
  print_error(std::string("cannot write the result to standard output: ") + std::strerror(output_failure) + "; " +
              remains);
  return tool_failed;
}

int report_failure(const std::exception_ptr& failure) noexcept {
  print_error(describe(failure));
  return exit_code_of(failure);
}

int finish_output(int code) noexcept {
  if (flush_output()) return code;
  if (output_failure == EPIPE) return code == 0 ? 128 + SIGPIPE : code;
  print_error(std::string("cannot write to standard output: ") + std::strerror(output_failure));
  return code == 0 ? tool_failed : code;
}

}  // namespace lxr::cli
