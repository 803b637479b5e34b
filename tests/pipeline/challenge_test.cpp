#include "pipeline/image/challenge.hpp"

#include <gtest/gtest.h>

namespace lxr::image {
namespace {

TEST(challenge, reads_quoted_values_with_commas_and_escapes) {
  const auto c = parse_challenge(R"(Bearer realm="https://auth.x/token",service="registry, \"main\"",scope="repository:a:pull,push")");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->realm, "https://auth.x/token");
  EXPECT_EQ(c->service, "registry, \"main\"");
  EXPECT_EQ(c->scope, "repository:a:pull,push");
  EXPECT_EQ(parse_challenge("bearer realm=https://x, service=y")->service, "y");
}

TEST(challenge, other_schemes_and_noise) {
  EXPECT_FALSE(parse_challenge("Basic realm=\"x\""));
  EXPECT_FALSE(parse_challenge(""));
  EXPECT_EQ(parse_challenge("Bearer ")->realm, "");
  EXPECT_EQ(parse_challenge("Bearer realm=\"unterminated")->realm, "unterminated");
}

TEST(challenge, the_token_is_asked_for_our_scope_only) {
  EXPECT_EQ(token_url({"https://a/t", "reg y", "repository:evil:push"}, "repository:me/app:pull"),
            "https://a/t?service=reg%20y&scope=repository%3Ame%2Fapp%3Apull");
  EXPECT_EQ(token_url({"https://a/t?x=1", "", ""}, "s"), "https://a/t?x=1&scope=s");
}

}  // namespace
}  // namespace lxr::image
