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

struct request {
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value"
  bool head = false;                      // HEAD instead of GET: an answer without a body
  std::size_t followed_by = 0;            // requests to the same host at the same time, as soon as the answer is there
  bool trust_anyone = false;              // take any certificate
};

struct client_options {
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds stall_timeout{30};  // no byte for this long: the peer hangs
  // A request that has no answer for so long, while a connection to the same origin lies idle, is asked again over that one: some
  // servers take one connection at a time.
  std::chrono::milliseconds silence_beside_idle{2000};
  std::size_t block_size = 256u << 10;  // of the blocks a body is handed on in
  std::size_t blocks = 64;              // so many are reused; more are made where they do not suffice
  // Per response. A slower reader pauses the transfer until only `blocks_left` are left: a sender that is let go on for every
  // block wakes up for every block, and on loopback takes the reader's processor.
  std::size_t blocks_in_flight = 8, blocks_left = 2;
};

class client;

// One request in progress. Its status and headers are known from the start; the body is read block by block.
// Lifecycle: made by client::perform(); destroying it aborts the transfer.
// Failure: read() throws transfer_error naming the URL. A 4xx or 5xx status is not a failure.
class response {
 public:
  ~response();
  response(const response&) = delete;
  response& operator=(const response&) = delete;

  [[nodiscard]] int status() const noexcept { return status_; }
  // The last header with that name (lower case), without blanks around it; empty when absent.
  [[nodiscard]] std::string header(const std::string& name) const;
  // All with that name, in their order.
  [[nodiscard]] std::vector<std::string> headers(const std::string& name) const;
  // The Retry-After header, also where it holds a date: from now; at most a year. Empty when absent or in the past.
  [[nodiscard]] std::optional<std::chrono::seconds> retry_after() const;
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  // The next block; empty at the end of the body. Cancel: terminal.
  task<std::optional<byte_block>> read();
  // The whole body; more than `limit` bytes throws error{errc::exhausted}.
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
  std::size_t spares_ = 0;  // to be opened once its own connection is there
  int established_ = -1;    // the socket it was given, if that is a spare one
};

// HTTP(S) over libcurl's multi interface, driven by the loop. Connections are kept and shared by its requests.
// Redirects are not followed: who may get which credentials is the caller's to decide.
// Loopback addresses are reached without the proxy that the environment may name.
// Runs on: the loop's strand.  Lifecycle: outlives its responses and the blocks they gave.
class client {
 public:
  client(asio::any_io_executor executor, client_options options = {});
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  // Sends it and returns once the headers of the answer are there. Failure: throws transfer_error.
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
  std::set<std::string> serial_;  // origins that take one connection at a time
  std::map<int, std::shared_ptr<watched_socket>> sockets_;
  std::map<void*, response*> running_;
  spare_connections spares_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lxr::io::http
