#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/instance/paths.hpp"
#include "pipeline/transfer/pull_request.hpp"

// What lxr and lxr-image tell each other: one JSON object per message of a SOCK_SEQPACKET pair. One request goes down, "pull"
// or "check"; "progress", "span", "image" and "finding" come up, then one "result" or "error", then end of file.
namespace lxr::image_worker {

inline constexpr std::size_t message_limit = 64u << 10;
inline constexpr int worker_channel = 3;  // lxr-image's descriptor

json::object request_message(const instance& where, const transfer::pull_request& request);
json::object check_message(const instance& where, bool repair);
void send_message(int channel, const json::object& message);  // throws; EPIPE when the peer is gone
// Empty at end of file. Blocks unless the descriptor is readable.
std::optional<json::object> receive_message(int channel);

json::object error_message(const std::exception_ptr& failure);
// Throws the error such a message carries.
[[noreturn]] void throw_error_message(const json::object& message);

}  // namespace lxr::image_worker
