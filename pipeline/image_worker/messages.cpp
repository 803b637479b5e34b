// SPDX-License-Identifier: Apache-2.0
#include "pipeline/image_worker/messages.hpp"

#include <cerrno>
#include <span>
#include <vector>

#include "core/base/bytes.hpp"
#include "io/channel/message_socket.hpp"

namespace lxr::image_worker {
namespace {

constexpr const char* peer = "lxr's other program";

}  // namespace

json::object request_message(const instance& where, const transfer::pull_request& r) {
  return {{"kind", "pull"},           {"root", where.root()},           {"state", where.state()},
          {"reference", r.reference}, {"architecture", r.architecture}, {"plainHttp", r.plain_http},
          {"parallel", r.parallel}};
}

json::object check_message(const instance& where, bool repair) {
  return {{"kind", "check"}, {"root", where.root()}, {"state", where.state()}, {"repair", repair}};
}

void send_message(int channel, const json::object& message) {
  const std::string text = json::dump(message);
  if (!io::channel::send_message(channel, as_bytes(text), peer)) throw_errno(EPIPE, "send to", peer);
}

std::optional<json::object> receive_message(int channel) {
  std::vector<std::byte> buffer(message_limit);
  const auto got = io::channel::receive_message(channel, buffer, peer);
  if (got.what == io::channel::received_message::end_of_file) return std::nullopt;
  return json::parse_object(as_text(std::span(buffer).first(got.size)), "message");
}

json::object error_message(const std::exception_ptr& failure) {
  constexpr std::size_t text_limit = 4096;  // bytes; four texts fit into a message
  json::object o{{"kind", "error"}};
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    o["lxr"] = e.code().category() == lxr_category();
    o["code"] = e.code().value();
    o["operation"] = json::printable(e.operation().substr(0, text_limit));
    o["subject"] = json::printable(e.subject().substr(0, text_limit));
    o["reason"] = json::printable(e.reason().substr(0, text_limit));
    o["remedy"] = json::printable(e.remedy().substr(0, text_limit));
  } catch (const std::exception& e) {
    o["lxr"] = true;
    o["code"] = static_cast<int>(errc::protocol);
    o["operation"] = "handle";
    o["subject"] = "the image";
    o["reason"] = e.what();
  }
  return o;
}

void throw_error_message(const json::object& o) {
  const int value = static_cast<int>(json::get_int(o, "code"));
  const std::error_code code(value, json::get_bool(o, "lxr") ? lxr_category() : std::generic_category());
  throw error(code, json::get_string(o, "operation"), json::get_string(o, "subject"), json::get_string(o, "reason"),
              json::get_string(o, "remedy"));
}

}  // namespace lxr::image_worker
