// SPDX-License-Identifier: Apache-2.0
#include "io/http/client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/base/error.hpp"
#include "io/http/url.hpp"

namespace lxr::io::http {
namespace {

class global_init {
 public:
  global_init() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

void configure_trust(CURL* easy, const trusted_certificates& trusted, bool anyone) {
  if (anyone) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    return;
  }
  if (!trusted.file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, trusted.file.c_str());
  if (!trusted.directory.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, trusted.directory.c_str());
}

}  // namespace

// A socket of libcurl's that the loop watches.
// Lifecycle: handlers hold it by shared_ptr; `removed` tells them that libcurl has closed the socket.
// Runs on: the loop's strand.
// Borrows: the socket, which libcurl closes.
struct client::watched_socket {
  watched_socket(const asio::any_io_executor& executor, int fd) : descriptor(executor, fd), socket(fd) {}
  ~watched_socket() { static_cast<void>(descriptor.release()); }
  asio::posix::stream_descriptor descriptor;
  int socket;
  int wanted = 0;
  bool reading = false, writing = false, removed = false;
};

client::client(asio::any_io_executor executor, client_options options)
    : executor_(std::move(executor)),
      options_(options),
      trusted_(find_trusted_certificates()),
      blocks_(options.blocks, options.block_size),
      multi_(nullptr),
      timer_(executor_),
      silence_(executor_) {
  static const global_init once;
  multi_ = curl_multi_init();
  if (multi_ == nullptr) throw std::bad_alloc();
  auto* multi = static_cast<CURLM*>(multi_);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &client::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &client::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
}

client::~client() {
  *alive_ = false;
  for (auto& [fd, s] : sockets_) s->removed = true;
  sockets_.clear();
  timer_.cancel();
  silence_.cancel();
  curl_multi_cleanup(static_cast<CURLM*>(multi_));
}

int client::on_socket(void*, int socket, int what, void* self, void*) {
  static_cast<client*>(self)->watch(socket, what);
  return 0;
}

int client::on_timer(void*, long milliseconds, void* self) {
  auto* c = static_cast<client*>(self);
  c->timer_.cancel();
  if (milliseconds < 0) return 0;
  c->timer_.expires_after(std::chrono::milliseconds(milliseconds));
  c->timer_.async_wait([c, alive = c->alive_](const boost::system::error_code& failure) {
    if (!failure && *alive) c->act(CURL_SOCKET_TIMEOUT, 0);
  });
  return 0;
}

void client::watch(int socket, int what) {
  if (what == CURL_POLL_REMOVE) {
    if (const auto found = sockets_.find(socket); found != sockets_.end()) {
      found->second->removed = true;
      static_cast<void>(found->second->descriptor.release());  // libcurl closes it right after this
      sockets_.erase(found);
    }
    return;
  }
  auto& s = sockets_[socket];
  if (!s) s = std::make_shared<watched_socket>(executor_, socket);
  s->wanted = what;
  arm(s);
}

void client::arm(const std::shared_ptr<watched_socket>& s) {
  const auto wait = [this, s](asio::posix::descriptor_base::wait_type type, int event, bool watched_socket::* flag) {
    (*s).*flag = true;
    s->descriptor.async_wait(type, [this, s, event, flag, alive = alive_](const boost::system::error_code& failure) {
      (*s).*flag = false;
      if (failure || s->removed || !*alive) return;
      act(s->socket, event);
      if (*alive && !s->removed) arm(s);
    });
  };
  if ((s->wanted & CURL_POLL_IN) != 0 && !s->reading) {
    wait(asio::posix::descriptor_base::wait_read, CURL_CSELECT_IN, &watched_socket::reading);
  }
  if ((s->wanted & CURL_POLL_OUT) != 0 && !s->writing) {
    wait(asio::posix::descriptor_base::wait_write, CURL_CSELECT_OUT, &watched_socket::writing);
  }
}

void client::act(int socket, int events) {
  int running = 0;
  curl_multi_socket_action(static_cast<CURLM*>(multi_), socket, events, &running);
  collect();
}

void client::collect() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(static_cast<CURLM*>(multi_), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const auto found = running_.find(message->easy_handle);
    if (found == running_.end()) continue;
    response* r = found->second;
    running_.erase(found);
    const CURLcode code = message->data.result;
    r->on_end(code == CURLE_OK ? nullptr : std::make_exception_ptr(to_transfer_error(code, r->url_, r->error_text_)));
    if (code == CURLE_OK) connection_is_free(r->origin_);
  }
  if (std::ranges::all_of(running_, [](const auto& r) { return r.second->headers_done_; })) silence_.cancel();
}

void client::connection_is_free(const std::string& origin) {
  const auto now = std::chrono::steady_clock::now();
  if (serial_.contains(origin)) return ask_again(origin, now);
  silence_.expires_after(options_.silence_beside_idle);
  silence_.async_wait([this, origin, now, alive = alive_](const boost::system::error_code& failure) {
    if (!failure && *alive) ask_again(origin, now);
  });
}

// For an origin that serves one connection at a time: sends a request that has no answer again, over the connection
// that is idle since `free_since`. Does nothing when a request has been sent over it since.
void client::ask_again(const std::string& origin, std::chrono::steady_clock::time_point free_since) {
  response* silent = nullptr;
  for (const auto& [easy, r] : running_) {
    if (r->origin_ != origin) continue;
    if (r->begun_ >= free_since) return;  // this request uses the idle connection
    if (!r->headers_done_ && !r->asked_again_) silent = r;
  }
  if (silent == nullptr) return;
  silent->asked_again_ = true;
  silent->begun_ = std::chrono::steady_clock::now();
  curl_multi_remove_handle(static_cast<CURLM*>(multi_), static_cast<CURL*>(silent->easy_));
  curl_multi_add_handle(static_cast<CURLM*>(multi_), static_cast<CURL*>(silent->easy_));
}

int client::open_socket(void* of, int purpose, void* address) {
  auto* const r = static_cast<response*>(of);
  const auto* const to = static_cast<curl_sockaddr*>(address);
  if (purpose != CURLSOCKTYPE_IPCXN || to->socktype != SOCK_STREAM)
    return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
  r->established_ = r->owner_.spares_.take(&to->addr, to->addrlen).release();
  if (r->established_ >= 0) return r->established_;
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

int client::on_opened(void* of, int socket, int) {
  return static_cast<response*>(of)->established_ == socket ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

task<std::unique_ptr<response>> client::perform(request what) {
  co_await checkpoint();
  std::unique_ptr<response> r(new response(*this));
  r->easy_ = curl_easy_init();
  if (r->easy_ == nullptr) throw std::bad_alloc();
  configure(*r, what);
  running_[r->easy_] = r.get();
  curl_multi_add_handle(static_cast<CURLM*>(multi_), static_cast<CURL*>(r->easy_));
  while (!r->headers_done_ && !r->ended_) co_await r->changed_.wait();
  if (!r->headers_done_ && r->failure_) std::rethrow_exception(r->failure_);
  co_return r;
}

void client::configure(response& r, const request& what) {
  auto* const easy = static_cast<CURL*>(r.easy_);
  r.url_ = what.url;
  r.origin_ = origin_of(r.url_);
  r.begun_ = std::chrono::steady_clock::now();
  r.spares_ = what.followed_by;
  curl_slist* list = nullptr;
  for (const std::string& h : what.headers) list = curl_slist_append(list, h.c_str());
  r.header_list_ = list;
  curl_easy_setopt(easy, CURLOPT_URL, r.url_.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
  if (what.head) curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (is_loopback(r.url_)) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "lxr/0.1");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options_.stall_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 256L << 10);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r.error_text_);
  configure_trust(easy, trusted_, what.trust_anyone);
  configure_callbacks(r);
}

void client::configure_callbacks(response& r) {
  auto* const easy = static_cast<CURL*>(r.easy_);
  using open_callback = curl_socket_t (*)(void*, curlsocktype, curl_sockaddr*);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
                   open_callback([](void* self, curlsocktype purpose, curl_sockaddr* to) {
                     return open_socket(self, purpose, to);
                   }));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &r);
  curl_easy_setopt(
      easy, CURLOPT_SOCKOPTFUNCTION,
      +[](void* self, curl_socket_t socket, curlsocktype purpose) { return on_opened(self, socket, purpose); });
  curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, &r);
  curl_easy_setopt(
      easy, CURLOPT_PREREQFUNCTION, +[](void* self, char* address, char*, int port, int) {
        static_cast<response*>(self)->on_connected(address, port);
        return CURL_PREREQFUNC_OK;
      });
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, &r);
  using callback = std::size_t (*)(char*, std::size_t, std::size_t, void*);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, callback([](char* p, std::size_t, std::size_t n, void* self) {
                     return static_cast<response*>(self)->on_header({p, n});
                   }));
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &r);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, callback([](char* p, std::size_t, std::size_t n, void* self) {
                     return static_cast<response*>(self)->on_body({p, n});
                   }));
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &r);
}

}  // namespace lxr::io::http
