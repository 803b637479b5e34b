// SPDX-License-Identifier: Apache-2.0
#include <curl/curl.h>

#include <algorithm>
#include <cctype>

#include "core/base/error.hpp"
#include "io/http/client.hpp"

namespace lxr::io::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

response::~response() {
  if (easy_ != nullptr) {
    owner_.running_.erase(easy_);
    curl_multi_remove_handle(static_cast<CURLM*>(owner_.multi_), static_cast<CURL*>(easy_));
    curl_easy_cleanup(static_cast<CURL*>(easy_));
  }
  curl_slist_free_all(static_cast<curl_slist*>(header_list_));
}

std::string response::header(const std::string& name) const {
  const auto all = headers(name);
  return all.empty() ? "" : all.back();
}

std::vector<std::string> response::headers(const std::string& name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : headers_) {
    if (key == name) out.push_back(value);
  }
  return out;
}

std::optional<std::chrono::seconds> response::retry_after() const {
  constexpr curl_off_t year = 366L * 24 * 3600;
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds <= 0)
    return std::nullopt;
  return std::chrono::seconds(std::min(seconds, year));
}

// Opens the spare connections after the request's own one is established: a server that serves one connection at a time
// has accepted that one first, and does not wait for a request on a spare one.
void response::on_connected(const char* address, int port) {
  if (spares_ > 0) owner_.spares_.open(address, port, std::exchange(spares_, 0));
}

std::size_t response::on_header(std::string_view line) {
  constexpr std::size_t headers_limit = 200;
  const std::size_t size = line.size();
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {
    headers_.clear();
  } else if (line.empty()) {
    long code = 0;
    curl_easy_getinfo(static_cast<CURL*>(easy_), CURLINFO_RESPONSE_CODE, &code);
    status_ = static_cast<int>(code);
    if (status_ >= 200) headers_done_ = true;
    const bool at_once = std::chrono::steady_clock::now() - begun_ < owner_.options_.silence_beside_idle / 2;
    if (headers_done_ && asked_again_ && at_once) owner_.serial_.insert(origin_);
    changed_.notify_all();
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos && headers_.size() < headers_limit) {
    headers_.emplace_back(lower(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return size;
}

std::size_t response::on_body(std::string_view bytes) {
  if (blocks_.size() >= owner_.options_.blocks_in_flight) {
    paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  const std::size_t size = bytes.size();
  while (!bytes.empty()) {
    if (filling_.room().empty()) filling_ = owner_.blocks_.acquire_now();
    const std::size_t part = std::min(bytes.size(), filling_.room().size());
    std::ranges::copy(as_bytes(bytes.substr(0, part)), filling_.room().begin());
    filling_.grow(part);
    bytes.remove_prefix(part);
    if (filling_.full()) blocks_.push_back(std::exchange(filling_, byte_block()));
  }
  changed_.notify_all();
  return size;
}

void response::on_end(std::exception_ptr failure) {
  ended_ = true;
  failure_ = std::move(failure);
  changed_.notify_all();
}

task<std::optional<byte_block>> response::read() {
  for (;;) {
    if (blocks_.empty() && !filling_.empty() && (ended_ || !paused_))
      blocks_.push_back(std::exchange(filling_, byte_block()));
    if (!blocks_.empty()) {
      std::optional<byte_block> block(std::move(blocks_.front()));
      blocks_.pop_front();
      if (paused_ && blocks_.size() <= owner_.options_.blocks_left) {
        paused_ = false;
        curl_easy_pause(static_cast<CURL*>(easy_), CURLPAUSE_CONT);
        owner_.collect();
      }
      co_return block;
    }
    if (ended_ && failure_) std::rethrow_exception(failure_);
    if (ended_) co_return std::nullopt;
    co_await changed_.wait();
  }
}

task<std::string> response::read_all(std::size_t limit) {
  std::string out;
  while (auto block = co_await read()) {
    out += as_text(block->bytes());
    if (out.size() > limit) throw error(errc::exhausted, "get", url_, "the answer is larger than lxr accepts");
  }
  co_return out;
}

}  // namespace lxr::io::http
