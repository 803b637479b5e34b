// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace lxr {

// What went wrong, where errno has no word for it. The CLI maps these to exit codes (cli/print/exit_code.cpp).
enum class errc {
  invalid_argument = 1,    // the user's words are off
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
// what() reads "cannot <operation> <subject>: <reason>" with the remedy after a semicolon; errno of limits that any
// operation may meet brings its own.
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

  // The same failure as the reason why something larger failed. The remedy stays one.
  [[nodiscard]] error within(std::string operation, std::string subject) const;
  // The same failure, with what went wrong while undoing it.
  [[nodiscard]] error with_cleanup_failures(std::string_view failures) const;

 private:
  std::error_code code_;
  std::string operation_, subject_, reason_, remedy_, text_;
};

// Throws error{errno, operation, subject}.
[[noreturn]] void throw_errno(std::string operation, std::string subject, std::string remedy = {});
[[noreturn]] void throw_errno(int code, std::string operation, std::string subject, std::string remedy = {});

// Why something was cancelled. Cancellation is neither success nor error: not logged, not retried, not wrapped.
enum class cancel_reason { user, deadline, sibling_failed, shutdown };

class cancelled : public std::exception {
 public:
  explicit cancelled(cancel_reason reason) noexcept : reason_(reason) {}
  [[nodiscard]] cancel_reason reason() const noexcept { return reason_; }
  [[nodiscard]] const char* what() const noexcept override;

 private:
  cancel_reason reason_;
};

// True for lxr::cancelled and for Asio's operation_aborted: the one list of "this is only shutdown".
bool is_cancelled(const std::exception_ptr& failure) noexcept;

// A step whose failure must not hide another one, or keep what follows from being done.
template <class Step>
void quietly(Step step) noexcept {
  try {
    step();
  } catch (const std::exception&) {
    // whoever sweeps next does it
  }
}

// The text a user reads for any exception.
std::string describe(const std::exception_ptr& failure);

}  // namespace lxr

template <>
struct std::is_error_code_enum<lxr::errc> : std::true_type {};
