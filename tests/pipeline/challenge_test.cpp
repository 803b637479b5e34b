// SPDX-License-Identifier: Apache-2.0
#include "pipeline/transfer/challenge.hpp"

#include <gtest/gtest.h>

namespace lxr::transfer {
namespace {

std::string realm_of(const std::vector<std::string>& headers) {
  const auto c = find_bearer(headers);
  return c ? c->realm : "none";
}

TEST(challenge, reads_quoted_values_with_commas_and_escapes) {
  const auto c = find_bearer(
      {R"(Bearer realm="https://auth.x/token",service="registry, \"main\"",scope="repository:a:pull,push")"});
  ASSERT_TRUE(c);
  EXPECT_EQ(c->realm, "https://auth.x/token");
  EXPECT_EQ(c->service, "registry, \"main\"");
  EXPECT_EQ(c->scope, "repository:a:pull,push");
  EXPECT_EQ(find_bearer({"bearer realm=https://x, service=y"})->service, "y");
  EXPECT_EQ(find_bearer({"bearer realm = \"https://x\" , service = y"})->service, "y");
}

TEST(challenge, other_schemes_and_noise) {
  for (const char* text : {"Basic realm=\"x\"", "", "Bearer", "Bearer ", "=", "\"", ",,,", "realm=\"x\"",
                           "Bearer service=x", "Basic x=\"Bearer realm=y\""}) {
    EXPECT_EQ(realm_of({text}), "none") << text;
  }
  EXPECT_EQ(realm_of({"Bearer realm=\"unterminated"}), "unterminated");
  EXPECT_EQ(realm_of({}), "none");
}

// Issue 11, 2.4: Gitea asks for Basic or Bearer in one header, others send a header for each.
TEST(challenge, the_header_is_a_list_of_challenges) {
  EXPECT_EQ(realm_of({R"(Basic realm="git", Bearer realm="https://b",service="s")"}), "https://b");
  EXPECT_EQ(realm_of({R"(Bearer realm="https://b",service="s", Basic realm="git")"}), "https://b");
  EXPECT_EQ(realm_of({R"(Basic realm="git")", R"(Bearer realm="https://b")"}), "https://b");
  EXPECT_EQ(realm_of({"Negotiate, NTLM TlRMTVNTUAAB==, Basic realm=\"a, b\", "
                      "Digest realm=\"c\", nonce=\"d=\", Bearer realm=https://b"}),
            "https://b");
  EXPECT_EQ(realm_of({"Negotiate YWJj=", "Bearer service=s", "Bearer realm=\"https://b\""}), "https://b");
}

TEST(challenge, the_token_is_asked_for_our_scope_only) {
  EXPECT_EQ(token_url({"https://a/t", "reg y", "repository:evil:push"}, "repository:me/app:pull"),
            "https://a/t?service=reg%20y&scope=repository%3Ame%2Fapp%3Apull");
  EXPECT_EQ(token_url({"https://a/t?x=1", "", ""}, "s"), "https://a/t?x=1&scope=s");
}

}  // namespace
}  // namespace lxr::transfer
