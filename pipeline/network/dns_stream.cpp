// SPDX-License-Identifier: Apache-2.0
#include "pipeline/network/dns_stream.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "core/base/error.hpp"

namespace lxr::network {
namespace {

constexpr std::size_t length_size = 2;

}  // namespace

task<void> dns_stream::send(std::string message) {
  std::string out;
  out += static_cast<char>(message.size() >> 8 & 0xff);
  out += static_cast<char>(message.size() & 0xff);
  out += message;
  for (std::size_t sent = 0; sent < out.size();) {
    const ssize_t put = ::send(socket_, out.data() + sent, out.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) sent += static_cast<std::size_t>(put);
    if (put < 0 && errno != EAGAIN && errno != EINTR) throw_errno("send to", "DNS connection");
    if (sent < out.size()) co_await ready_.writable();
  }
}

// Returns false when the stream ends before `size` bytes are there.
task<bool> dns_stream::fill(std::size_t size) {
  std::array<char, 4096> buffer;
  while (received_.size() < size) {
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got == 0) co_return false;
    if (got > 0) received_.append(buffer.data(), static_cast<std::size_t>(got));
    if (got < 0 && errno != EAGAIN && errno != EINTR) throw_errno("receive from", "DNS connection");
    if (got < 0) co_await ready_.readable();
  }
  co_return true;
}

task<std::optional<std::string>> dns_stream::receive(std::size_t limit) {
  if (!co_await fill(length_size)) co_return std::nullopt;
  const std::size_t size = static_cast<unsigned char>(received_[0]) * 256u + static_cast<unsigned char>(received_[1]);
  if (size > limit) throw error(errc::corrupt, "receive from", "DNS connection", "its message is too long");
  if (!co_await fill(length_size + size)) co_return std::nullopt;
  std::string out = received_.substr(length_size, size);
  received_.erase(0, length_size + size);
  co_return out;
}

}  // namespace lxr::network
