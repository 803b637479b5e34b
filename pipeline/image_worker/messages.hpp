// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/instance/paths.hpp"
#include "pipeline/transfer/pull_request.hpp"

// The protocol of lxr and lxr-image: one JSON object per message of a SOCK_SEQPACKET pair.
// - lxr sends one request: "pull" or "check".
// - lxr-image sends any number of "progress", "message", "span", "image" and "finding", then one "result" or "error";
//   then end of file.
namespace lxr::image_worker {

inline constexpr std::size_t message_limit = 64u << 10;  // bytes
inline constexpr int worker_channel = 3;                 // the descriptor number in lxr-image

json::object request_message(const instance& where, const transfer::pull_request& request);
json::object check_message(const instance& where, bool repair);
void send_message(int channel, const json::object& message);  // throws lxr::error; EPIPE when the peer is gone
// Returns the next message; nullopt at end of file. Blocks until there is one.
std::optional<json::object> receive_message(int channel);

json::object error_message(const std::exception_ptr& failure);
// Throws the error that an error_message() describes.
[[noreturn]] void throw_error_message(const json::object& message);

}  // namespace lxr::image_worker
