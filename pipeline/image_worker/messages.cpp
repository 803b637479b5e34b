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
  return json::parse_record(as_text(std::span(buffer).first(got.size)), "message");
}

namespace {

// What a message can hold of a text: whole characters, at most 4096 bytes. JSON may double them, so four texts fit.
std::string bounded(const std::string& text) {
  constexpr std::size_t limit = 4096;
  const auto is_inside_character = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  std::string out = json::printable(text);
  if (out.size() <= limit) return out;
  std::size_t end = limit;
  while (end > 0 && is_inside_character(out[end])) --end;
  out.resize(end);
  return out;
}

}  // namespace

json::object error_message(const std::exception_ptr& failure) {
  json::object o{{"kind", "error"}};
  try {
    std::rethrow_exception(failure);
  } catch (const error& e) {
    o["lxr"] = e.code().category() == lxr_category();
    o["code"] = e.code().value();
    o["operation"] = bounded(e.operation());
    o["subject"] = bounded(e.subject());
    o["reason"] = bounded(e.reason());
    o["remedy"] = bounded(e.remedy());
  } catch (const std::exception& e) {
    o["lxr"] = true;
    o["code"] = static_cast<int>(errc::protocol);
    o["operation"] = "handle";
    o["subject"] = "the image";
    o["reason"] = bounded(e.what());
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
