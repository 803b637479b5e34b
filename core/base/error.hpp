// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace lxr {

// Failures that no errno describes. cli/print/exit_code.cpp maps them to exit codes.
enum class errc {
  invalid_argument = 1,    // a value that the user gave is wrong
  not_found,               // a named container, image, file or tag does not exist
  already_exists,          // a name is taken
  conflict,                // the object is in a state that forbids the operation
  corrupt,                 // bytes do not match their digest, or a format is broken
  protocol,                // a peer answered something the protocol does not allow
  unauthorized,            // a registry asks for credentials lxr does not have
  rate_limited,            // a registry answered 429
  unavailable,             // a peer cannot be reached, or answered 5xx
  timed_out,               // a deadline passed
  unsupported,             // the kernel, or lxr, lacks a needed feature
  not_permitted,           // privileges are missing
  exhausted,               // a bounded resource (addresses, bridge ports, size limits) is used up
  command_not_found,       // the container's command does not exist: exit code 127
  command_not_executable,  // it exists but cannot be executed: exit code 126
  hook_failed              // a program that a runtime-spec wants run at a stage of the container ended with a failure
};

const std::error_category& lxr_category() noexcept;
inline std::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), lxr_category()}; }

// One failure: what was attempted, on which object, why it failed, and what the user can do.
// what() returns "cannot <operation> <subject>: <reason>; <remedy>". The constructor itself adds a remedy to the errno
// of limits that any operation may reach (EMFILE, ENOSPC and others).
// Owns: its texts.
class error : public std::exception {
 public:
  error(std::error_code code, std::string operation, std::string subject, std::string reason = {},
        std::string remedy = {});
  error(errc code, std::string operation, std::string subject, std::string reason = {}, std::string remedy = {})
      : error(make_error_code(code), std::move(operation), std::move(subject), std::move(reason), std::move(remedy)) {}

  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] std::error_code code() const noexcept { return code_; }
  [[nodiscard]] const std::string& operation() const noexcept { return operation_; }
  [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
  [[nodiscard]] const std::string& remedy() const noexcept { return remedy_; }

  // Returns an error about `operation` on `subject` whose reason is this failure; it keeps code and remedy.
  [[nodiscard]] error within(std::string operation, std::string subject) const;
  // Returns this failure with `failures` of undo steps added to its reason.
  [[nodiscard]] error with_cleanup_failures(std::string_view failures) const;

 private:
  std::error_code code_;
  std::string operation_, subject_, reason_, remedy_, text_;
};

// Throws error{errno, operation, subject}.
[[noreturn]] void throw_errno(std::string operation, std::string subject, std::string remedy = {});
[[noreturn]] void throw_errno(int code, std::string operation, std::string subject, std::string remedy = {});

enum class cancel_reason { user, deadline, sibling_failed, shutdown };

// Thrown by waits of a coroutine that was asked to stop. It is neither success nor error: do not log it, retry after it
// or wrap it. Owns: the reason.
class cancelled : public std::exception {
 public:
  explicit cancelled(cancel_reason reason) noexcept : reason_(reason) {}
  [[nodiscard]] cancel_reason reason() const noexcept { return reason_; }
  [[nodiscard]] const char* what() const noexcept override;

 private:
  cancel_reason reason_;
};

// Returns true for lxr::cancelled and for Asio's operation_aborted. No other function decides what a cancellation is.
bool is_cancelled(const std::exception_ptr& failure) noexcept;

// Calls `step` and drops an exception it throws. For cleanup steps: their failure must neither replace an earlier one
// nor stop the steps that follow, and a later sweep repeats them.
template <class Step>
void quietly(Step step) noexcept {
  try {
    step();
  } catch (const std::exception&) {
    // A later sweep tries again.
  }
}

// Returns the text that users read for an exception of any type.
std::string describe(const std::exception_ptr& failure);

}  // namespace lxr

template <>
struct std::is_error_code_enum<lxr::errc> : std::true_type {};
