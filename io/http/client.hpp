// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/async/block_pool.hpp"
#include "core/async/task.hpp"
#include "core/async/waiter_list.hpp"
#include "core/base/bytes.hpp"
#include "io/http/spare_connections.hpp"
#include "io/http/transfer_error.hpp"
#include "io/http/trust.hpp"

namespace lxr::io::http {

// One request for client::perform().
struct request {
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value"
  bool head = false;                      // HEAD instead of GET: the answer has no body
  std::size_t followed_by = 0;            // requests to the same host that the caller sends at once after the answer
  bool trust_anyone = false;              // accept any certificate
};

// Limits and sizes of a client.
struct client_options {
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds stall_timeout{30};  // a transfer without a byte for so long fails
  // A request without an answer for so long, while a connection to the same origin is idle, is sent again over that
  // connection: some servers serve one connection at a time.
  std::chrono::milliseconds silence_beside_idle{2000};
  std::size_t block_size = 256u << 10;  // bytes of a block of a body
  std::size_t blocks = 64;              // blocks that the pool holds; beyond that blocks are allocated
  // Blocks per response that may wait for the reader. At blocks_in_flight the transfer pauses, until only blocks_left
  // wait. If it went on at every block, the sender would wake up at every block; on loopback it would take the reader's
  // processor.
  std::size_t blocks_in_flight = 8, blocks_left = 2;
};

class client;

// One request in progress: status and headers are known, the body is read block by block.
// Lifecycle: made by client::perform(); the destructor aborts the transfer.
// Runs on: the loop's strand.
// Owns: the libcurl handle and the blocks not yet read.
// Borrows: the client.
// Failure: read() and read_all() throw transfer_error naming the URL. A 4xx or 5xx status is no failure.
// Cancel: terminal; the transfer goes on until the response is destroyed.
class response {
 public:
  ~response();
  response(const response&) = delete;
  response& operator=(const response&) = delete;

  [[nodiscard]] int status() const noexcept { return status_; }
  // Returns the last header with that lower-case name, without blanks around it; "" when absent.
  [[nodiscard]] std::string header(const std::string& name) const;
  // Returns all headers with that lower-case name, in order.
  [[nodiscard]] std::vector<std::string> headers(const std::string& name) const;
  // Returns the Retry-After header as a time from now, also when it is a date; at most 366 days. Empty when absent or
  // in the past.
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const;
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  // Returns the next block; nullopt at the end of the body.
  task<std::optional<byte_block>> read();
  // Returns the rest of the body. Throws error{errc::exhausted} for more than `limit` bytes.
  task<std::string> read_all(std::size_t limit);

 private:
  friend class client;
  explicit response(client& owner) : owner_(owner) {}
  std::size_t on_header(std::string_view line);
  std::size_t on_body(std::string_view bytes);
  void on_connected(const char* address, int port);
  void on_end(std::exception_ptr failure);

  client& owner_;
  void* easy_ = nullptr;
  void* header_list_ = nullptr;
  std::string url_, origin_;
  std::chrono::steady_clock::time_point begun_;
  bool asked_again_ = false;
  int status_ = 0;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::deque<byte_block> blocks_;
  byte_block filling_;
  bool headers_done_ = false, paused_ = false, ended_ = false;
  std::exception_ptr failure_;
  waiter_list changed_;
  char error_text_[256] = {};
  std::size_t spares_ = 0;  // connections to open once its own is established
  int established_ = -1;    // the spare connection that it was given; -1: none
};

// HTTP and HTTPS by libcurl's multi interface, driven by the loop. Its requests keep and share connections. It does not
// follow redirects: the caller decides who may get which credentials. It uses no proxy for loopback addresses, whatever
// the environment names.
// Lifecycle: outlives its responses and their blocks.
// Runs on: the loop's strand.
// Owns: the connections and the pool of blocks.
// Failure: perform() throws transfer_error when no answer comes, std::bad_alloc without memory.
// Cancel: terminal; the request is aborted.
class client {
 public:
  client(asio::any_io_executor executor, client_options options = {});
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  // Sends a request; returns once the headers of the answer have come.
  task<std::unique_ptr<response>> perform(request what);

 private:
  friend class response;
  struct watched_socket;
  void configure(response& r, const request& what);
  static void configure_callbacks(response& r);
  static int open_socket(void* of, int purpose, void* address);
  static int on_opened(void* of, int socket, int purpose);
  static int on_socket(void* easy, int socket, int what, void* self, void* per_socket);
  static int on_timer(void* multi, long milliseconds, void* self);
  void watch(int socket, int what);
  void arm(const std::shared_ptr<watched_socket>& s);
  void act(int socket, int events);
  void collect();
  void connection_is_free(const std::string& origin);
  void ask_again(const std::string& origin, std::chrono::steady_clock::time_point free_since);

  asio::any_io_executor executor_;
  client_options options_;
  trusted_certificates trusted_;
  block_pool blocks_;
  void* multi_;
  asio::steady_timer timer_, silence_;
  std::set<std::string> serial_;  // origins that serve one connection at a time
  std::map<int, std::shared_ptr<watched_socket>> sockets_;
  std::map<void*, response*> running_;
  spare_connections spares_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lxr::io::http
