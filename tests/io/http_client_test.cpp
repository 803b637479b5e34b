// SPDX-License-Identifier: Apache-2.0
#include "io/http/client.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "core/async/run.hpp"
#include "core/async/task_scope.hpp"
#include "core/base/error.hpp"
#include "tests/support/registry_imposter.hpp"
#include "tests/support/temp_directory.hpp"
#include "tests/support/test_loop.hpp"

namespace lxr::io::http {
namespace {

using test::registry_imposter;

struct fixture : testing::Test {
  registry_imposter server;
  asio::io_context loop;
  client_options options() {
    client_options o;
    o.stall_timeout = o.connect_timeout = std::chrono::seconds(1);
    return o;
  }
  std::string url(const std::string& path) { return "http://" + server.host() + path; }
};
using http_client = fixture;

task<std::string> fetch(client& c, request r, int& status) {
  auto getting = c.perform(std::move(r));
  const std::unique_ptr<response> answer = co_await std::move(getting);
  status = answer->status();
  co_return co_await answer->read_all(64u << 20);
}

TEST_F(http_client, gets_bodies_larger_than_its_buffers_with_headers_sent) {
  const std::string body(20u << 20, 'x');
  server.on("/big", {200, {{"X-Thing", "yes"}}, body});
  client c(loop.get_executor(), options());
  int status = 0;
  EXPECT_EQ(run(loop, fetch(c, {url("/big"), {"Accept: a/b"}}, status)), body);
  EXPECT_EQ(status, 200);
  EXPECT_EQ(server.requests().at(0).headers.at("accept"), "a/b");
}

task<void> fetch_many(client& c, std::string url, std::size_t& bytes) {
  task_scope scope(co_await asio::this_coro::executor);
  const auto one = [](client& from, std::string what, std::size_t& total) -> task<void> {
    int status = 0;
    auto fetching = fetch(from, {std::move(what), {}}, status);
    const std::string body = co_await std::move(fetching);
    total += body.size();
  };
  for (int i = 0; i < 20; ++i) scope.spawn(one(c, url, bytes));
  co_await scope.join();
}

// The second request is answered only when the first one's spares are there: they were opened beside it, and are used.
task<void> fetch_with_spares(client& c, registry_imposter& server, std::string url) {
  auto first = c.perform({.url = url, .followed_by = 2});
  const std::unique_ptr<response> held = co_await std::move(first);  // its connection is not free
  while (server.connections() < 3) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  auto second = c.perform({.url = url}), third = c.perform({.url = url});
  const std::unique_ptr<response> two = co_await std::move(second), three = co_await std::move(third);
  EXPECT_EQ(server.connections(), 3u);
  auto fourth = c.perform({.url = url});
  const std::unique_ptr<response> four = co_await std::move(fourth);
  EXPECT_EQ(server.connections(), 4u);
  const std::string body = co_await three->read_all(64u << 20);
  EXPECT_EQ(body.size(), 20u << 20);
}

TEST_F(http_client, requests_that_follow_find_connections) {
  server.on("/big", {200, {}, std::string(20u << 20, 'x')});
  client c(loop.get_executor(), options());
  run(loop, fetch_with_spares(c, server, url("/big")));
}

// Issue 11, 2.4: a header may come several times.
TEST_F(http_client, headers_are_lists) {
  server.on("/x", {200, {{"X-Thing", "one"}, {"X-Thing", " two \t"}, {"Retry-After", "30"}}, ""});
  client c(loop.get_executor(), options());
  const auto ask = [&]() -> task<void> {
    auto getting = c.perform({.url = url("/x")});
    const std::unique_ptr<response> answer = co_await std::move(getting);
    EXPECT_EQ(answer->headers("x-thing"), (std::vector<std::string>{"one", "two"}));
    EXPECT_EQ(answer->header("x-thing"), "two");
    EXPECT_EQ(answer->header("none"), "");
    EXPECT_EQ(answer->retry_after(), std::chrono::seconds(30));
  };
  run(loop, ask());
}

trouble kind_of_failure(asio::io_context& loop, client& c, const std::string& url, std::string* text = nullptr) {
  int status = 0;
  loop.restart();
  try {
    run(loop, fetch(c, {url, {}}, status));
    ADD_FAILURE() << url << " answered " << status;
  } catch (const transfer_error& e) {
    if (text != nullptr) *text = e.what();
    return e.kind();
  }
  return trouble::malformed;
}

class variable {
 public:
  variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~variable() { ::unsetenv(name_); }
  variable(const variable&) = delete;
  variable& operator=(const variable&) = delete;

 private:
  const char* name_;
};

// Issue 11, 2.7.
TEST_F(http_client, certificates_are_those_the_environment_names) {
  registry_imposter tls(registry_imposter::manner::tls);
  tls.on("/x", {200, {}, "body"});
  test::temp_directory dir;
  const std::string secure = "https://" + tls.host() + "/x", file = dir.path() + "/ca.pem";
  std::ofstream(file) << tls.certificate();
  int status = 0;
  {
    client c(loop.get_executor(), options());
    EXPECT_EQ(kind_of_failure(loop, c, secure), trouble::certificate);
    loop.restart();
    EXPECT_EQ(run(loop, fetch(c, {.url = secure, .trust_anyone = true}, status)), "body");
  }
  {
    const variable named("SSL_CERT_FILE", file);
    client c(loop.get_executor(), options());
    loop.restart();
    EXPECT_EQ(run(loop, fetch(c, {secure, {}}, status)), "body");
  }
  const test::temp_directory by_hash;
  std::ofstream(by_hash.path() + "/" + tls.certificate_hash() + ".0") << tls.certificate();
  const variable named("SSL_CERT_DIR", "/nonexistent:" + by_hash.path());
  client c(loop.get_executor(), options());
  loop.restart();
  EXPECT_EQ(run(loop, fetch(c, {secure, {}}, status)), "body");
}

TEST(certificate_places, hold_those_of_distributions_and_of_the_environment) {
  const variable file("SSL_CERT_FILE", "/x/ca.pem"), directories("SSL_CERT_DIR", "/x/one:/x/two");
  const auto places = certificate_places();
  for (const char* place :
       {"/etc/ssl", "/etc/pki", "/var/lib/ca-certificates", "/etc/ca-certificates", "/x/ca.pem", "/x/one", "/x/two"}) {
    EXPECT_NE(std::ranges::find(places, place), places.end()) << place;
  }
}

// Issue 11, 2.16: a dead proxy is not "is the registry running".
TEST_F(http_client, a_dead_proxy_is_named_and_loopback_needs_none) {
  server.on("/x", {200, {}, "body"});
  for (const char* dead : {"http://127.0.0.1:1", "http://no-such-host.invalid:3128"}) {
    const variable plain("http_proxy", dead), secure("https_proxy", dead);
    client c(loop.get_executor(), options());
    for (const char* url : {"http://registry.invalid/v2/", "https://registry.invalid/v2/"}) {
      std::string text;
      EXPECT_EQ(kind_of_failure(loop, c, url, &text), trouble::proxy) << text;
      EXPECT_NE(text.find("proxy"), std::string::npos) << text;
      EXPECT_EQ(text.find("is the registry running"), std::string::npos) << text;
    }
    int status = 0;
    loop.restart();
    EXPECT_EQ(run(loop, fetch(c, {url("/x"), {}}, status)), "body");
  }
}

TEST_F(http_client, many_requests_at_once) {
  server.on("/x", {200, {}, std::string(300'000, 'y')});
  client c(loop.get_executor(), options());
  std::size_t bytes = 0;
  run(loop, fetch_many(c, url("/x"), bytes));
  EXPECT_EQ(bytes, 20u * 300'000);
}

TEST_F(http_client, a_status_is_no_failure_and_redirects_are_not_followed) {
  server.on("/r", {307, {{"Location", "/elsewhere"}}, ""});
  client c(loop.get_executor(), options());
  int status = 0;
  run(loop, fetch(c, {url("/r"), {}}, status));
  EXPECT_EQ(status, 307);
  run(loop, fetch(c, {url("/none"), {}}, status));
  EXPECT_EQ(status, 404);
}

TEST_F(http_client, a_hanging_peer_times_out) {
  server.on("/hang", {.hang = true});
  client c(loop.get_executor(), options());
  int status = 0;
  try {
    run(loop, fetch(c, {url("/hang"), {}}, status));
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::timed_out) << e.what();
  }
}

TEST_F(http_client, a_cut_connection_and_nobody_listening_are_named) {
  server.on("/cut", {.body = std::string(100'000, 'x'), .cut_after = 50'000});
  client c(loop.get_executor(), options());
  int status = 0;
  for (const std::string& where : {url("/cut"), std::string("http://127.0.0.1:1/x")}) {
    try {
      run(loop, fetch(c, {where, {}}, status));
      FAIL();
    } catch (const error& e) {
      EXPECT_EQ(e.code(), errc::unavailable);
      EXPECT_NE(std::string(e.what()).find(where), std::string::npos);
    }
    loop.restart();
  }
}

task<void> read_slowly(client& c, std::string url, waiter_list& gate, std::size_t& got) {
  auto getting = c.perform({std::move(url), {}});
  const std::unique_ptr<response> answer = co_await std::move(getting);
  while (auto block = co_await answer->read()) {
    got += block->size();
    co_await gate.wait();
  }
}

TEST_F(http_client, cancelled_in_the_middle_of_a_body) {
  server.on("/big", {200, {}, std::string(20u << 20, 'x')});
  client c(loop.get_executor(), options());
  waiter_list gate;
  std::size_t got = 0;
  test::spawned one(loop, read_slowly(c, url("/big"), gate, got));
  while (got == 0) loop.run_one();
  one.cancel();
  while (!one.done()) loop.run_one();
  EXPECT_TRUE(one.was_cancelled());
  EXPECT_LT(got, 20u << 20);
}

}  // namespace
}  // namespace lxr::io::http
