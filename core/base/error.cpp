// SPDX-License-Identifier: Apache-2.0
#include "core/base/error.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <cerrno>

namespace lxr {
namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "lxr"; }
  std::string message(int value) const override {
    switch (static_cast<errc>(value)) {
      case errc::invalid_argument:
        return "invalid argument";
      case errc::not_found:
        return "not found";
      case errc::already_exists:
        return "already exists";
      case errc::conflict:
        return "not possible in this state";
      case errc::corrupt:
        return "corrupt data";
      case errc::protocol:
        return "unexpected answer";
      case errc::unauthorized:
        return "authentication required";
      case errc::rate_limited:
        return "too many requests";
      case errc::unavailable:
        return "not reachable";
      case errc::timed_out:
        return "timed out";
      case errc::unsupported:
        return "not supported";
      case errc::not_permitted:
        return "not permitted";
      case errc::exhausted:
        return "limit reached";
      case errc::command_not_found:
        return "executable file not found";
      case errc::command_not_executable:
        return "permission denied";
      case errc::hook_failed:
        return "a hook failed";
    }
    return "unknown";
  }
};

// Returns a remedy for the errno of a limit that any operation may reach; "" for other errors.
const char* remedy_for(const std::error_code& code) {
  if (code == std::errc::too_many_files_open) return "raise the limit of open files (ulimit -n), or do less at once";
  if (code == std::errc::too_many_files_open_in_system) return "raise the system's limit of open files (fs.file-max)";
  if (code == std::errc::not_enough_memory) return "give lxr more memory, or do less at once";
  if (code == std::errc::no_space_on_device) return "free some space there (lxr system df, lxr system prune)";
  return "";
}

std::string compose(const std::string& operation, const std::string& subject, const std::string& reason,
                    const std::string& remedy) {
  std::string text = "cannot " + operation;
  if (!subject.empty()) text += " " + subject;
  text += ": " + reason;
  if (!remedy.empty()) text += "; " + remedy;
  return text;
}

}  // namespace

const std::error_category& lxr_category() noexcept {
  static const category instance;
  return instance;
}

error::error(std::error_code code, std::string operation, std::string subject, std::string reason, std::string remedy)
    : code_(code),
      operation_(std::move(operation)),
      subject_(std::move(subject)),
      reason_(reason.empty() ? code.message() : std::move(reason)),
      remedy_(remedy.empty() ? remedy_for(code) : std::move(remedy)),
      text_(compose(operation_, subject_, reason_, remedy_)) {}

error error::within(std::string operation, std::string subject) const {
  return {code_, std::move(operation), std::move(subject), compose(operation_, subject_, reason_, {}), remedy_};
}

error error::with_cleanup_failures(std::string_view failures) const {
  if (failures.empty()) return *this;
  return {code_, operation_, subject_, reason_ + " (while undoing it: " + std::string(failures) + ")", remedy_};
}

void throw_errno(int code, std::string operation, std::string subject, std::string remedy) {
  throw error(std::error_code(code, std::generic_category()), std::move(operation), std::move(subject), {},
              std::move(remedy));
}

void throw_errno(std::string operation, std::string subject, std::string remedy) {
  throw_errno(errno, std::move(operation), std::move(subject), std::move(remedy));
}

const char* cancelled::what() const noexcept {
  switch (reason_) {
    case cancel_reason::user:
      return "cancelled by the user";
    case cancel_reason::deadline:
      return "cancelled at its deadline";
    case cancel_reason::sibling_failed:
      return "cancelled because another part failed";
    case cancel_reason::shutdown:
      return "cancelled at shutdown";
  }
  return "cancelled";
}

bool is_cancelled(const std::exception_ptr& failure) noexcept {
  if (!failure) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const cancelled&) {
    return true;
  } catch (const boost::system::system_error& e) {
    return e.code() == boost::asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string describe(const std::exception_ptr& failure) {
  try {
    if (failure) std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown failure";
  }
  return "no failure";
}

}  // namespace lxr
