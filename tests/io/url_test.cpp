// SPDX-License-Identifier: Apache-2.0
#include "io/http/url.hpp"

#include <gtest/gtest.h>

namespace lxr::io::http {
namespace {

std::string target(const std::string& base, const std::string& reference) {
  return resolve(base, reference).value_or("none");
}

// Issue 11, 2.8.
TEST(url, references_are_resolved_as_rfc_3986_says) {
  const std::string base = "https://reg.ex:5000/v2/a/blobs/x?y=1";
  EXPECT_EQ(target(base, "/z"), "https://reg.ex:5000/z");
  EXPECT_EQ(target(base, "//cdn.ex/z?t=%2F"), "https://cdn.ex/z?t=%2F");
  EXPECT_EQ(target(base, "../z"), "https://reg.ex:5000/v2/a/z");
  EXPECT_EQ(target(base, "z"), "https://reg.ex:5000/v2/a/blobs/z");
  EXPECT_EQ(target(base, "HTTP://cdn.ex/z"), "http://cdn.ex/z");
  EXPECT_EQ(target(base, "https://cdn.ex/a b#fragment"), "https://cdn.ex/a%20b");
  EXPECT_EQ(target(base, "?y=2"), "https://reg.ex:5000/v2/a/blobs/x?y=2");
}

TEST(url, only_http_is_followed) {
  for (const char* bad : {"file:///etc/passwd", "ftp://x/y", "gopher://x", "data:text/plain,x", "", "http://",
                          "https://[::1", "javascript:alert(1)"}) {
    EXPECT_EQ(target("https://reg.ex/v2/", bad), "none") << bad;
  }
  EXPECT_EQ(target("no url", "/x"), "none");
}

TEST(url, origins_are_compared_as_they_are_reached) {
  EXPECT_EQ(origin_of("https://Reg.EX/v2"), "https://reg.ex:443");
  EXPECT_EQ(origin_of("HTTPS://reg.ex:443"), origin_of("https://reg.ex/x"));
  EXPECT_NE(origin_of("https://reg.ex.evil.tld/"), origin_of("https://reg.ex/"));
  EXPECT_NE(origin_of("https://reg.ex:444/"), origin_of("https://reg.ex/"));
  EXPECT_EQ(origin_of("https://reg.ex@evil.tld/"), "https://evil.tld:443");
  EXPECT_EQ(origin_of("https://reg.ex:5000@evil.tld/"), "https://evil.tld:443");
  EXPECT_EQ(origin_of("file:///x"), "");
  EXPECT_EQ(origin_of(""), "");
}

TEST(url, knows_loopback) {
  for (const char* yes : {"http://localhost:5000/", "https://127.0.0.1/", "http://127.9.9.9:1/", "http://[::1]:5000/x",
                          "http://LOCALHOST/"})
    EXPECT_TRUE(is_loopback(yes)) << yes;
  for (const char* no :
       {"http://127.0.0.1.evil.tld/", "http://10.0.0.1/", "http://localhost.evil.tld/", "http://[::2]/", "x"})
    EXPECT_FALSE(is_loopback(no)) << no;
}

}  // namespace
}  // namespace lxr::io::http
