// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/answer.hpp"

#include <gtest/gtest.h>

#include "io/http/transfer_error.hpp"

namespace lxr::transfer {
namespace {

using io::http::transfer_error;
using io::http::trouble;
using std::chrono::seconds;

// Issue 11, 2.2: one place says what an answer means.
TEST(answer, each_status_has_one_meaning) {
  for (const int status : {200, 206}) EXPECT_EQ(judge(status), verdict::accept) << status;
  for (const int status : {301, 302, 303, 307, 308}) EXPECT_EQ(judge(status), verdict::redirect) << status;
  EXPECT_EQ(judge(401), verdict::sign_in);
  for (const int status : {408, 429, 500, 502, 503, 504, 520}) EXPECT_EQ(judge(status), verdict::retry) << status;
  for (const int status : {0, 100, 204, 304, 400, 403, 404, 405, 410, 416, 451, 501, 505, 999})
    EXPECT_EQ(judge(status), verdict::refuse) << status;
}

TEST(answer, holds_the_registrys_own_words) {
  EXPECT_EQ(messages_of(R"({"errors":[{"code":"DENIED","message":"no entry"},{"code":"OTHER"}]})"), "no entry; OTHER");
  for (const char* noise :
       {"", "<html>", "{}", "[]", R"({"errors":7})", R"({"errors":[7]})", R"({"errors":[{"message":7}]})"})
    EXPECT_EQ(messages_of(noise), "") << noise;
  EXPECT_LE(messages_of(R"({"errors":[{"message":")" + std::string(9000, 'x') + "\"}]}").size(), 500u);
}

std::string text_of(int status, std::optional<seconds> wait = {}, const std::string& body = {}) {
  return explain({"reg.ex/app:latest", "blob x", "reg.ex", status, wait, body}).what();
}

// Issue 11, 2.16.
TEST(answer, texts_say_what_the_registry_said) {
  const std::string denied =
      text_of(403, {}, R"({"errors":[{"message":"requested access to the resource is denied"}]})");
  EXPECT_NE(denied.find("reg.ex denies access (403): requested access to the resource is denied"), std::string::npos)
      << denied;
  EXPECT_EQ(denied.find("401"), std::string::npos) << denied;
  EXPECT_NE(text_of(401).find("asks for credentials (401)"), std::string::npos);
  EXPECT_NE(text_of(429, seconds(7)).find("try again in 7 seconds"), std::string::npos);
  EXPECT_NE(text_of(429).find("try again later"), std::string::npos);
  EXPECT_NE(text_of(503, seconds(90)).find("try again in 90 seconds"), std::string::npos);
}

TEST(answer, what_passes_is_tried_again_and_what_does_not_is_not) {
  const auto of_trouble = [](trouble kind, bool answered) {
    return prospect_of(std::make_exception_ptr(transfer_error(kind, errc::unavailable, "u", "r", "")), answered);
  };
  EXPECT_TRUE(of_trouble(trouble::broken, false).transient);
  EXPECT_TRUE(of_trouble(trouble::timeout, false).transient);
  EXPECT_FALSE(of_trouble(trouble::unreachable, false).transient);  // a wrong name or port
  EXPECT_TRUE(of_trouble(trouble::unreachable, true).transient);    // a registry that is started anew
  EXPECT_FALSE(of_trouble(trouble::tls, false).transient);          // a registry without TLS
  EXPECT_TRUE(of_trouble(trouble::tls, true).transient);            // a handshake that was cut
  for (const trouble kind : {trouble::certificate, trouble::malformed}) EXPECT_FALSE(of_trouble(kind, true).transient);
  const prospect busy = prospect_of(std::make_exception_ptr(explain({"i", "s", "h", 429, seconds(3), {}})), true);
  EXPECT_TRUE(busy.transient && busy.overloaded);
  EXPECT_EQ(busy.retry_after, seconds(3));
  EXPECT_FALSE(prospect_of(std::make_exception_ptr(explain({"i", "s", "h", 404, {}, {}})), true).transient);
  EXPECT_FALSE(prospect_of(std::make_exception_ptr(error(errc::corrupt, "o", "s")), true).transient);
}

}  // namespace
}  // namespace lxr::transfer
